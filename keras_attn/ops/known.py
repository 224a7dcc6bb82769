"""Sizes that are numbers."""

import numpy as np


def known(*sizes):
    """Whether all sizes are integers.

    The others are None, or the symbols that stand for a free size while a backend traces or exports
    a function: no comparison decides anything about them.
    """
    return all(isinstance(size, (int, np.integer)) for size in sizes)


def differ(*sizes):
    """Whether known sizes are not all the same."""
    return len({size for size in sizes if known(size)}) > 1


def as_integers(sizes):
    """Returns sizes as a tuple, those that are known as integers.

    PyTorch's tracer gives tensors for all of them.
    """
    return tuple(int(size) if hasattr(size, "__index__") else size for size in sizes)
