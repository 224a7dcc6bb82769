"""Texts in two languages, line by line, and columns of words."""

from pathlib import Path

from keras_attn.datasets.read_text import read_lines
from keras_attn.datasets.warping import check_count


def parallel_text(folder, source, target, split="train"):
    """The sentences of two files that stand line by line beside each other.

    The files are `<split>.<language>`, plain or as `<split>.<language>.gz`, in UTF-8. A pair with
    an empty side is left out.

    Args:
        folder: where the files are.
        source, target: endings of the two files, `"de"` and `"en"` say.
        split: their beginning, `"train"` say.

    Returns:
        `(sources, targets)`, two lists of strings, as long as each other.

    Raises:
        FileNotFoundError: where a file is missing.
        ValueError: If the numbers of lines differ, or a file is not UTF-8.

    Example:

    >>> from pathlib import Path
    >>> for name, text in (("train.de", "Hallo Welt\\n"), ("train.en", "hello world\\n")):
    ...     _ = Path(name).write_text(text)
    >>> keras_attn.datasets.parallel_text(".", "de", "en")
    (['Hallo Welt'], ['hello world'])
    """
    sides = [_lines(Path(folder), f"{split}.{language}") for language in (source, target)]
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            f"`{split}.{source}` and `{split}.{target}` must have equally many lines. "
            f"Received: {len(sides[0])} and {len(sides[1])}"
        )
    return _whole(*sides)


def word_pairs(path, source=0, target=1):
    """Two columns of a file of words, for transliteration.

    Lines are UTF-8, plain or `.gz`, with columns between tabs: `ankit<TAB>अंकित<TAB>3` in the
    lexicons of the Dakshina dataset (Roark et al. 2020, https://arxiv.org/abs/2007.01176; its own
    release has the native column first: `source=1, target=0` there). Pairs with an empty side are
    left out.

    Args:
        path: of the file.
        source, target: numbers of the columns, from 0.

    Returns:
        `(sources, targets)`, two lists of strings.

    Raises:
        FileNotFoundError: where the file is missing.
        ValueError: If a line has too few columns, the file is not UTF-8, or `source` or `target` is
            not a non-negative integer.

    Example:

    >>> from pathlib import Path
    >>> _ = Path("words.tsv").write_text("ank\\tअंक\\t5\\n", encoding="utf-8")
    >>> keras_attn.datasets.word_pairs("words.tsv")
    (['ank'], ['अंक'])
    """
    source, target = check_count(source, "source", 0), check_count(target, "target", 0)
    path, last = Path(path), max(source, target)
    sources, targets = [], []
    for number, line in enumerate(_lines(path.parent, path.name), start=1):
        columns = line.split("\t")
        if line.strip() and len(columns) <= last:
            raise ValueError(
                f"`path` must hold {last + 1} columns between tabs. "
                f"Received: line {number} of {path.name} has {len(columns)}"
            )
        if line.strip():
            sources.append(columns[source])
            targets.append(columns[target])
    return _whole(sources, targets)


def _lines(folder, name):
    """Returns the lines of a plain or gzip file, with surrounding white space."""
    plain, packed = folder / name, folder / f"{name}.gz"
    path = plain if plain.exists() else packed
    if not path.exists():
        raise FileNotFoundError(f"neither {plain} nor {packed} is there")
    return read_lines(path)


def _whole(sources, targets):
    """The pairs of which both sides say something."""
    pairs = [
        (source.strip(), target.strip())
        for source, target in zip(sources, targets, strict=True)
        if source.strip() and target.strip()
    ]
    return [source for source, _ in pairs], [target for _, target in pairs]
