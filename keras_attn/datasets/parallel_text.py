"""Texts in two languages, line by line, and columns of words."""

import gzip
from pathlib import Path


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
        ValueError: where the files have not equally many lines.

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
    pairs = [pair for pair in zip(*sides, strict=True) if all(pair)]
    return [first for first, _ in pairs], [second for _, second in pairs]


def word_pairs(path, source=0, target=1):
    """Two columns of a file of words, for transliteration.

    Lines are UTF-8, plain or `.gz`, with columns between tabs: `ankit<TAB>अंकित<TAB>3` in the
    lexicons of the Dakshina dataset (Roark et al. 2020, https://arxiv.org/abs/2007.01176; its own
    release has the native column first: `source=1, target=0` there). Empty lines are left out.

    Args:
        path: of the file.
        source, target: numbers of the columns, from 0.

    Returns:
        `(sources, targets)`, two lists of strings.

    Raises:
        FileNotFoundError: where the file is missing.
        ValueError: for a line with too few columns.

    Example:

    >>> from pathlib import Path
    >>> _ = Path("words.tsv").write_text("ank\\tअंक\\t5\\n", encoding="utf-8")
    >>> keras_attn.datasets.word_pairs("words.tsv")
    (['ank'], ['अंक'])
    """
    path, last = Path(path), max(source, target)
    sources, targets = [], []
    for number, line in enumerate(_lines(path.parent, path.name), start=1):
        columns = line.split("\t")
        if line and len(columns) <= last:
            raise ValueError(
                f"`path` must hold {last + 1} columns between tabs. "
                f"Received: line {number} of {path.name} has {len(columns)}"
            )
        if line:
            sources.append(columns[source].strip())
            targets.append(columns[target].strip())
    return sources, targets


def _lines(folder, name):
    plain, packed = folder / name, folder / f"{name}.gz"
    path = plain if plain.exists() else packed
    if not path.exists():
        raise FileNotFoundError(f"neither {plain} nor {packed} is there")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        # Not splitlines, which also breaks at characters inside of sentences.
        return [line.strip() for line in file.read().removesuffix("\n").split("\n")]
