"""A folder of images, and the file of their captions."""

import warnings
from pathlib import Path

from keras_attn.datasets.caption_files import names_of_split, read_captions


def captioned_images(folder, captions, split=None, missing="warn"):
    """The images of a folder with the captions that a file has for them.

    Four formats are understood: COCO's `.json`, with `"images"` and `"annotations"`; the
    `dataset_*.json` of Karpathy and Li, which has the splits of Flickr8k, Flickr30k and COCO that
    papers report on; Flickr8k's tokens, `name.jpg#0<TAB>caption`; and a table of `image,caption`
    with such a first line. Empty captions, and images without a caption, are left out.

    Flickr8k's own file of tokens has captions of an image that is not among the images,
    `2258277193_586949ec62.jpg.1`: by default it is left out with a warning.

    Args:
        folder: Path of the folder of the images.
        captions: Path of the file of the captions.
        split: Which of the images to take; `None` for all. Name of a split of Karpathy and Li,
            `"train"`, or several, `"train+restval"`; path of a text file with the name of an image
            on each line, as Flickr8k's `Flickr_8k.trainImages.txt`; or list of names.
        missing: `"warn"` to leave out images that are not in the folder, with a warning that names
            them, or `"raise"` to refuse them.

    Returns:
        `(paths, captions)`: list of the paths of the images, and for each the list of its captions.

    Raises:
        FileNotFoundError: If the file is missing, if all images are, or, with `missing="raise"`,
            if one is.
        ValueError: If the file is of another format, a line is not understood, a caption is not a
            string, there is no caption, or `split` names images that have none.

    Example:

    >>> from pathlib import Path
    >>> _ = Path("dog.jpg").write_bytes(b"")
    >>> _ = Path("captions.csv").write_text("image,caption\\ndog.jpg,A dog .\\ndog.jpg,It runs .")
    >>> paths, captions = keras_attn.datasets.captioned_images(".", "captions.csv")
    >>> len(paths), captions
    (1, [['A dog .', 'It runs .']])

    Reference:
        Hodosh et al., "Framing Image Description as a Ranking Task", 2013; Lin et al., "Microsoft
        COCO: Common Objects in Context", 2014, https://arxiv.org/abs/1405.0312; Karpathy and Li,
        "Deep Visual-Semantic Alignments for Generating Image Descriptions", 2015,
        https://arxiv.org/abs/1412.2306
    """
    if missing not in ("warn", "raise"):
        raise ValueError(f'`missing` must be "warn" or "raise". Received: missing={missing!r}')
    folder, file = Path(folder), Path(captions)
    pairs, splits = read_captions(folder, file)
    by_name = {}
    for name, caption in pairs:
        if caption.strip():
            by_name.setdefault(name, []).append(caption.strip())
    if not by_name:
        raise ValueError(f"`captions` must hold captions. Received: none in {file}")
    if split is not None:
        names = names_of_split(split, splits, file)
        unknown = sorted(names - set(by_name))
        if unknown or not names:
            raise ValueError(
                f"`split` must name images that have captions in {file.name}. "
                f"Received: {len(names)} names, without captions: {_listed(unknown)}"
            )
        by_name = {name: texts for name, texts in by_name.items() if name in names}
    absent = [name for name in by_name if not (folder / name).exists()]
    if absent:
        text = f"{len(absent)} images of {file.name} are not there in {folder}: {_listed(absent)}"
        if missing == "raise" or len(absent) == len(by_name):
            raise FileNotFoundError(text)
        warnings.warn(f"{text}. They are left out.", stacklevel=2)
    for name in absent:
        del by_name[name]
    return [folder / name for name in by_name], list(by_name.values())


def _listed(names, most=10):
    """The first of the names, for a message."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
