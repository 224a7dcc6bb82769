"""A folder of images, and the file of their captions."""

import csv
import io
import json
from pathlib import Path


def captioned_images(folder, captions):
    """The images of a folder with the captions that a file has for them.

    Three kinds of file are understood: COCO's `.json`, with `"images"` and `"annotations"`;
    Flickr8k's tokens, `name.jpg#0<TAB>caption`; and a table of `image,caption` with such a first
    line. An image without a caption is left out, and a caption without its image is an error.

    Args:
        folder: where the images are.
        captions: the file.

    Returns:
        `(paths, captions)`: a list of the images' paths, and for each the list of its captions.

    Raises:
        FileNotFoundError: where the file or an image is missing.
        ValueError: for a line or a kind of file that is not understood, or a file without captions.

    Example:

    >>> from pathlib import Path
    >>> _ = Path("dog.jpg").write_bytes(b"")
    >>> _ = Path("captions.csv").write_text("image,caption\\ndog.jpg,A dog .\\ndog.jpg,It runs .")
    >>> paths, captions = keras_attn.datasets.captioned_images(".", "captions.csv")
    >>> len(paths), captions
    (1, [['A dog .', 'It runs .']])

    Reference:
        Hodosh et al., "Framing Image Description as a Ranking Task", 2013; Lin et al., "Microsoft
        COCO: Common Objects in Context", 2014, https://arxiv.org/abs/1405.0312
    """
    folder, file = Path(folder), Path(captions)
    with open(file, encoding="utf-8-sig", newline="") as opened:
        text = opened.read()
    pairs = _from_json(text, file) if file.suffix == ".json" else _from_lines(text, file)
    found = {}
    for name, caption in pairs:
        if caption.strip():
            found.setdefault(name, []).append(caption.strip())
    if not found:
        raise ValueError(f"`captions` must hold captions. Received: none in {file}")
    paths = [folder / name for name in found]
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise FileNotFoundError(f"{len(missing)} images are not there, {missing[0]} for one")
    return paths, list(found.values())


def _from_json(text, file):
    """Pairs of an image's name and a caption, in the order of COCO's images."""
    whole = json.loads(text)
    if not isinstance(whole, dict) or not {"images", "annotations"} <= set(whole):
        raise ValueError(
            '`captions` must be a JSON object with "images" and "annotations". '
            f"Received: {file.name}, another"
        )
    by_image = {image["id"]: [] for image in whole["images"]}
    for annotation in whole["annotations"]:
        if annotation["image_id"] not in by_image:
            raise ValueError(
                "`captions` must name the image of every annotation. "
                f"Received: {file.name}, which has no image {annotation['image_id']!r}"
            )
        by_image[annotation["image_id"]].append(annotation["caption"])
    for image in whole["images"]:
        for caption in by_image[image["id"]]:
            yield image["file_name"], caption


def _from_lines(text, file):
    """Pairs of an image's name and a caption, of Flickr8k's tokens or of a table."""
    if text.split("\n", 1)[0].strip().lower() == "image,caption":
        rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        for number, row in enumerate(rows, start=2):
            if row and len(row) < 2:
                raise ValueError(
                    "`captions` must have two columns. "
                    f"Received: line {number} of {file.name} has one"
                )
            if row:
                # What was not put between quotation marks may have commas.
                yield row[0], ",".join(row[1:])
        return
    # Not splitlines, which also breaks at characters inside of sentences.
    for number, line in enumerate(text.split("\n"), start=1):
        name, tab, caption = line.partition("\t")
        if line.strip() and not tab:
            raise ValueError(
                "`captions` must be a .json, have a first line of image,caption, or a tab in each "
                f"line. Received: line {number} of {file.name} has none"
            )
        if line.strip():
            yield name.rpartition("#")[0] or name, caption
