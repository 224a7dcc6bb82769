"""Static sizes of shapes."""

import numpy as np


def known(*sizes):
    """True if all sizes are static, i.e. integers.

    A dynamic size is `None`, or a symbol while a backend traces or exports a function; comparisons
    with a dynamic size are meaningless.
    """
    return all(isinstance(size, (int, np.integer)) for size in sizes)


def differ(*sizes):
    """True if two of the static sizes differ; dynamic sizes are ignored."""
    return len({size for size in sizes if known(size)}) > 1


def shapes_match(shape, other):
    """True if two shapes have equal ranks and no static sizes that differ."""
    return len(shape) == len(other) and not any(map(differ, shape, other))


def broadcasts(shape, other):
    """True if a shape broadcasts to another; dynamic sizes are ignored."""
    tail = other[max(len(other) - len(shape), 0) :]
    return len(shape) <= len(other) and not any(
        size != 1 and differ(size, whole) for size, whole in zip(shape, tail, strict=True)
    )


def as_integers(sizes):
    """Returns sizes as a tuple, with static sizes as integers.

    The tracer of PyTorch represents all sizes as tensors.
    """
    return tuple(int(size) if hasattr(size, "__index__") else size for size in sizes)
