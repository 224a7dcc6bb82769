"""Files of captions: the formats of COCO, Karpathy and Flickr8k, and tables."""

import csv
import json
import os
from pathlib import Path

from keras_attn.datasets.read_text import read_lines, read_text
from keras_attn.layers.arguments import list_of_strings


def read_captions(folder, file):
    """Reads the captions of a file.

    Args:
        folder: `pathlib.Path` of the folder of the images.
        file: `pathlib.Path` of the file of the captions.

    Returns:
        `(pairs, splits)`: list of pairs of an image's name and a caption, in the order of the
        file, and the names of the images by split, of a file that has splits.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another format or holds anything but strings as captions.
    """
    if file.suffix != ".json":
        lines = read_lines(file)
        table = lines[0].strip().lower() == "image,caption"
        return list((_from_table if table else _from_tokens)(lines, file.name)), {}
    try:
        content = json.loads(read_text(file))
        if not isinstance(content, dict):
            raise TypeError("not an object")
        if "annotations" in content:
            pairs, splits = list(_from_coco(content, file.name)), {}
        else:
            pairs, splits = _from_karpathy(content, folder)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            '`captions` must be a JSON object with "images" and "annotations" (COCO), or with '
            '"images" that have "filename", "split" and "sentences" (Karpathy). '
            f"Received: {file.name}: {type(error).__name__}: {error}"
        ) from error
    for name, caption in pairs:
        if not isinstance(caption, str):
            raise ValueError(
                "`captions` must hold a string for every caption. "
                f"Received: {file.name}, caption {caption!r} of image {name!r}"
            )
    return pairs, splits


def names_of_split(split, splits, file):
    """Returns the set of the names of the images of a split.

    Args:
        split: Names of splits of the file joined by `+`, path of a text file with a name on each
            line, or list of names.
        splits: See `read_captions`.
        file: `pathlib.Path` of the file of the captions.

    Raises:
        ValueError: If `split` is none of these.
    """
    if not isinstance(split, (str, os.PathLike)):
        return set(list_of_strings("split", split))
    parts = str(split).split("+")
    if all(part in splits for part in parts):
        return set().union(*(splits[part] for part in parts))
    if Path(split).is_file():
        return {line.strip() for line in read_lines(split) if line.strip()}
    known = f"of {sorted(splits)}, joined by +, " if splits else ""
    raise ValueError(
        f"`split` must be {known}a file with a name of an image on each line, or a list of names. "
        f"Received: split={str(split)!r} for {file.name}"
    )


def _from_coco(content, name):
    """Pairs in the order of the images."""
    by_image = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        if annotation["image_id"] not in by_image:
            raise ValueError(
                "`captions` must name the image of every annotation. "
                f"Received: {name}, which has no image {annotation['image_id']!r}"
            )
        by_image[annotation["image_id"]].append(annotation["caption"])
    for image in content["images"]:
        for caption in by_image[image["id"]]:
            yield image["file_name"], caption


def _from_karpathy(content, folder):
    """Pairs and splits of `dataset_flickr8k.json`, `dataset_coco.json` and their like."""
    pairs, splits = [], {}
    for image in content["images"]:
        name = image["filename"]
        # The images of COCO lie in two folders.
        if "filepath" in image and (folder / image["filepath"]).is_dir():
            name = f"{image['filepath']}/{name}"
        splits.setdefault(image["split"], set()).add(name)
        pairs += [(name, sentence["raw"]) for sentence in image["sentences"]]
    return pairs, splits


def _from_tokens(lines, name):
    """Pairs of Flickr8k's tokens, `image.jpg#0<TAB>caption`."""
    for number, line in enumerate(lines, start=1):
        image, tab, caption = line.partition("\t")
        if line.strip() and not tab:
            raise ValueError(
                "`captions` must be a .json, have a first line of image,caption, or a tab in each "
                f"line. Received: line {number} of {name} has none"
            )
        if line.strip():
            yield image.rpartition("#")[0] or image, caption


def _from_table(lines, name):
    """Pairs of a table of `image,caption`."""
    first = 1
    while first < len(lines):
        columns, taken = _row(lines, first)
        if columns and len(columns) < 2:
            raise ValueError(
                f"`captions` must have two columns. Received: line {first + 1} of {name} has one"
            )
        if columns:
            # Captions that were not put between quotation marks may have commas.
            yield columns[0], ",".join(columns[1:])
        first += taken


def _row(lines, first):
    """Columns of the row that begins at a line, and the number of its lines.

    A column between quotation marks may hold line feeds. A mark that no other closes before the
    next image is a character like any other.
    """
    ending = Path(lines[first].partition(",")[0]).suffix
    for last in range(first + 1, len(lines) + 1):
        if last > first + 1 and lines[last - 1].partition(",")[0].endswith(ending):
            break
        try:
            columns = next(csv.reader(["\n".join(lines[first:last])], strict=True))
        except csv.Error:
            continue
        return columns, last - first
    return lines[first].split(","), 1
