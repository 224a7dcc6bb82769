"""Strokes through DRAW's windows on PyTorch, in fewer calls than the plain path."""

import torch

from keras_attn.ops.glimpse import NUMBERS
from keras_attn.ops.kernels.torch_placed_window import placed_window


def paint(numbers, canvas_shape, patch_size):
    """Equals `plain_paint`, with a gradient of the first order only."""
    dtype, (*size, channels) = numbers.dtype, canvas_shape
    window, *filters = placed_window(numbers[:, -NUMBERS:], size, patch_size)
    rows, columns = (each.to(dtype) for each in filters)
    rows, patch = rows.transpose(1, 2), numbers[:, :-NUMBERS] / window.intensity.to(dtype)[:, None]
    if channels == 1:
        strokes = torch.bmm(patch.unflatten(1, (patch_size, patch_size)), columns)
        return torch.bmm(rows, strokes)[..., None], window
    # Channels before the columns, which are multiplied, and behind them again.
    patch = patch.unflatten(1, (patch_size, patch_size, channels)).transpose(2, 3)
    strokes = torch.bmm(patch.flatten(1, 2), columns).unflatten(1, (patch_size, channels))
    strokes = strokes.transpose(2, 3).flatten(2)
    return torch.bmm(rows, strokes).unflatten(2, (-1, channels)), window
