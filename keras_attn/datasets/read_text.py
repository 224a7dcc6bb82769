"""Text files, plain or packed."""

import gzip
import zlib
from pathlib import Path


def read_text(path):
    """Returns the text of a UTF-8 file, plain or `.gz`, with or without a byte order mark.

    Args:
        path: Path of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not UTF-8 or not a whole `.gz` file. The message names the file.
    """
    path = Path(path)
    read = gzip.open if path.suffix == ".gz" else open
    try:
        with read(path, "rt", encoding="utf-8-sig", newline="") as file:
            return file.read()
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"Text files must be UTF-8. Received: {path}: {error}") from error


def read_lines(path):
    """Returns the lines of a text file without their ends; see `read_text`.

    Only a line feed, or a carriage return and a line feed, ends a line: `str.splitlines` also
    breaks at characters inside of sentences.
    """
    text = read_text(path).replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")
