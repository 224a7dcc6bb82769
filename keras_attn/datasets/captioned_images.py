"""A folder of images, and the file of their captions."""

import warnings
from pathlib import Path

from keras_attn.datasets.caption_files import names_of_split, read_captions


def captioned_images(folder, captions, split=None, missing="warn"):
    """The images of a folder with the captions that a file has for them.

    Four formats are supported: `.json` of COCO, with `"images"` and `"annotations"`;
    `dataset_*.json` of Karpathy and Li, which defines the usual splits of Flickr8k, Flickr30k and
    COCO; the token file of Flickr8k, `name.jpg#0<TAB>caption`; and a CSV table with the header
    `image,caption`. Empty captions and images without a caption are skipped.

    The token file of Flickr8k has captions of an image that the data set lacks,
    `2258277193_586949ec62.jpg.1`: by default this image is skipped with a warning.

    Args:
        folder: Path of the image folder.
        captions: Path of the caption file.
        split: Name of a split of Karpathy and Li, such as `"train"`, or several names joined by
            `+`, such as `"train+restval"`; path of a text file with one image name per line, such
            as `Flickr_8k.trainImages.txt`; or list of image names. `None` for all images.
        missing: `"warn"` to skip images that are not in the folder, with a warning that names the
            images, or `"raise"` to raise an error.

    Returns:
        `(paths, captions)`: list of image paths, and list of the captions of each image.

    Raises:
        FileNotFoundError: If the caption file or all images are missing, or, with
            `missing="raise"`, if any image is missing.
        ValueError: If the file is of another format, a line cannot be parsed, a caption is not a
            string, there is no caption, or `split` names images without captions.

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
                f"Received: {len(names)} names, without captions: {_join(unknown)}"
            )
        by_name = {name: texts for name, texts in by_name.items() if name in names}
    absent = [name for name in by_name if not (folder / name).exists()]
    if absent:
        text = f"{len(absent)} images of {file.name} are missing from {folder}: {_join(absent)}"
        if missing == "raise" or len(absent) == len(by_name):
            raise FileNotFoundError(text)
        warnings.warn(f"{text}. The images are skipped.", stacklevel=2)
    for name in absent:
        del by_name[name]
    return [folder / name for name in by_name], list(by_name.values())


def _join(names, limit=10):
    """Joins the first names of a list, for a message."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more
