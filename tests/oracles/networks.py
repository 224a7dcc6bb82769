"""Convolutional networks as loops over pixels, of one example with the channels last."""

import numpy as np


def relu(x):
    return np.maximum(x, 0)


def dense(x, weights):
    """`x W + b` for a pair of weights."""
    kernel, bias = weights
    return x @ kernel + bias


def convolution(maps, weights, stride=1, padding="same"):
    """`Σ_k W[k] x[i + k] + b` at every pixel `i`, or at every second one from the first.

    Args:
        maps: Array `(*size, channels)`.
        weights: Kernel `(*size, channels, filters)` and bias `(filters,)`.
        stride: Distance of the pixels.
        padding: "same", with zeros on both sides, one more at the end if their number is odd; or
            "valid".
    """
    kernel, bias = weights
    widths = kernel.shape[:-2]
    if padding == "same":
        around = []
        for size, width in zip(maps.shape[:-1], widths, strict=True):
            missing = max((-(-size // stride) - 1) * stride + width - size, 0)
            around.append((missing // 2, missing - missing // 2))
        maps = np.pad(maps, [*around, (0, 0)])
    counts = [
        (size - width) // stride + 1 for size, width in zip(maps.shape[:-1], widths, strict=True)
    ]
    output = np.zeros((*counts, kernel.shape[-1]))
    for index in np.ndindex(*counts):
        window = maps[
            tuple(slice(stride * i, stride * i + n) for i, n in zip(index, widths, strict=True))
        ]
        output[index] = np.tensordot(window, kernel, axes=window.ndim) + bias
    return output


def pooling(maps, function, padding="same"):
    """`np.max` or `np.mean` of 2 × 2 pixels; "same" includes smaller blocks at the border."""
    counts = [size // 2 if padding == "valid" else -(-size // 2) for size in maps.shape[:-1]]
    output = np.zeros((*counts, maps.shape[-1]))
    for index in np.ndindex(*counts):
        window = maps[tuple(slice(2 * i, 2 * i + 2) for i in index)]
        output[index] = function(window, axis=tuple(range(len(counts))))
    return output
