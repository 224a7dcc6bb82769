"""Readers of plain and gzip text files."""

import gzip
import zlib
from pathlib import Path


def read_text(path):
    """Returns the text of a UTF-8 file, plain or `.gz`, without the byte order mark.

    Args:
        path: Path of the file.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not UTF-8, or is a damaged `.gz` file. The message names the
            file.
    """
    path = Path(path)
    read = gzip.open if path.suffix == ".gz" else open
    try:
        with read(path, "rt", encoding="utf-8-sig", newline="") as file:
            return file.read()
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"Text files must be UTF-8. Received: {path}: {error}") from error


def read_lines(path):
    r"""Returns the lines of a text file without line ends; see `read_text`.

    Lines end with `\n` or `\r\n` only: `str.splitlines` also splits at characters that occur inside
    sentences.
    """
    text = read_text(path).replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")
