"""Parsers of caption files: COCO, Karpathy and Li, Flickr8k and CSV tables."""

import csv
import json
import os
from pathlib import Path

from keras_attn.datasets.read_text import read_lines, read_text
from keras_attn.layers.arguments import list_of_strings

# Endings of image names, by which the next row of a table is recognized.
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")


def read_captions(folder, file):
    """Reads the captions of a file.

    Args:
        folder: `pathlib.Path` of the image folder.
        file: `pathlib.Path` of the caption file.

    Returns:
        `(pairs, splits)`: list of pairs (image name, caption) in the order of the file, and
        dictionary split name → set of image names, empty if the file has no splits.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is of another format, or a caption is not a string.
    """
    if file.suffix != ".json":
        lines = read_lines(file)
        is_table = lines[0].strip().lower() == "image,caption"
        return list((_parse_table if is_table else _parse_tokens)(lines, file.name)), {}
    try:
        content = json.loads(read_text(file))
        if not isinstance(content, dict):
            raise TypeError("not an object")
        if "annotations" in content:
            pairs, splits = list(_parse_coco(content, file.name)), {}
        else:
            pairs, splits = _parse_karpathy(content, folder)
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
    """Returns the set of the image names of a split.

    Args:
        split: String, names of splits of the caption file joined by `+`; path of a text file with
            one image name per line; or list of image names.
        splits: Dictionary of `read_captions`.
        file: `pathlib.Path` of the caption file.

    Raises:
        ValueError: If `split` has none of these forms.
    """
    if not isinstance(split, (str, os.PathLike)):
        return set(list_of_strings("split", split))
    parts = str(split).split("+")
    if all(part in splits for part in parts):
        return set().union(*(splits[part] for part in parts))
    if Path(split).is_file():
        return {line.strip() for line in read_lines(split) if line.strip()}
    known = f"one or more of {sorted(splits)} joined by +, " if splits else ""
    raise ValueError(
        f"`split` must be {known}a file with one image name per line, or a list of image names. "
        f"Received: split={str(split)!r} for {file.name}"
    )


def _parse_coco(content, name):
    """Yields pairs (image name, caption) in the order of the images."""
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


def _parse_karpathy(content, folder):
    """Returns the pairs and splits of `dataset_flickr8k.json`, `dataset_coco.json` and similar."""
    pairs, splits = [], {}
    for image in content["images"]:
        name = image["filename"]
        # COCO has two image folders, named by `filepath`.
        if "filepath" in image and (folder / image["filepath"]).is_dir():
            name = f"{image['filepath']}/{name}"
        splits.setdefault(image["split"], set()).add(name)
        pairs += [(name, sentence["raw"]) for sentence in image["sentences"]]
    return pairs, splits


def _parse_tokens(lines, name):
    """Yields pairs (image name, caption) of Flickr8k lines, `image.jpg#0<TAB>caption`."""
    for number, line in enumerate(lines, start=1):
        image, tab, caption = line.partition("\t")
        if line.strip() and not tab:
            raise ValueError(
                "`captions` must be a .json, have a first line of image,caption, or a tab in each "
                f"line. Received: line {number} of {name} has none"
            )
        if line.strip():
            yield image.rpartition("#")[0] or image, caption


def _parse_table(lines, name):
    """Yields pairs (image name, caption) of a CSV table with the header `image,caption`."""
    first = 1
    while first < len(lines):
        columns, num_lines = _parse_row(lines, first)
        if columns and len(columns) < 2:
            raise ValueError(
                f"`captions` must have two columns. Received: line {first + 1} of {name} has one"
            )
        if columns:
            # An unquoted caption may hold commas.
            yield columns[0], ",".join(columns[1:])
        first += num_lines


def _parse_row(lines, first):
    """Returns the columns of the row that starts at a line, and the number of lines of the row.

    A quoted column may hold line feeds. A quotation mark that is not closed before the next image
    is an ordinary character.
    """
    suffix = Path(lines[first].partition(",")[0]).suffix.lower()
    for last in range(first + 1, len(lines) + 1):
        begin = lines[last - 1].partition(",")[0].strip().lower()
        if last > first + 1 and begin.endswith((suffix, *SUFFIXES)):
            break
        try:
            columns = next(csv.reader(["\n".join(lines[first:last])], strict=True))
        except csv.Error:
            continue
        return columns, last - first
    return lines[first].split(","), 1
