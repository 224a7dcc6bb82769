"""Strokes through DRAW's windows on PyTorch, in fewer calls than the plain path."""

import torch

from keras_attn.ops.glimpse import NUMBERS
from keras_attn.ops.kernels.torch_function import apply, first_order, is_traced
from keras_attn.ops.kernels.torch_look import in_both_directions, like_filters, no_filters
from keras_attn.ops.kernels.torch_placed_window import gradient, place, placed_window, window_of


def paint(numbers, canvas_shape, patch_size):
    """Equals `plain_paint`, with a gradient of the first order only."""
    dtype, (*size, channels) = numbers.dtype, canvas_shape
    if channels == 1 and not is_traced():
        stroke, placed = apply(_Paint, numbers, *size, patch_size)
        return stroke, window_of(placed)
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


class _Paint(torch.autograd.Function):
    """The stroke on a canvas of one channel, and the numbers of the window."""

    @staticmethod
    def forward(ctx, numbers, height, width, patch_size):
        ctx.set_materialize_grads(False)
        placed, filters, saved = place(numbers[:, -NUMBERS:], height, width, patch_size)
        columns, rows = (each.to(numbers.dtype) for each in in_both_directions(filters))
        patch = numbers[:, :-NUMBERS] / placed[:, 4:].to(numbers.dtype)
        patch = patch.unflatten(1, (patch_size, patch_size))
        strokes = torch.bmm(patch, columns)
        ctx.save_for_backward(numbers, patch, strokes, rows, columns, *saved)
        return torch.bmm(rows.transpose(1, 2), strokes)[..., None], placed

    @staticmethod
    @first_order
    def backward(ctx, of_stroke, of_window):
        numbers, patch, strokes, rows, columns, *saved = ctx.saved_tensors
        if of_stroke is None:
            of_parameters = gradient(numbers.dtype, saved, of_window, no_filters(columns, rows))
            nothing = torch.zeros_like(numbers[:, :-NUMBERS])
            return torch.cat([nothing, of_parameters], dim=1), None, None, None
        placed, of_stroke = saved[2], of_stroke[..., 0]
        of_strokes = torch.bmm(rows, of_stroke)
        of_rows = torch.bmm(strokes, of_stroke.transpose(1, 2))
        of_columns = torch.bmm(patch.transpose(1, 2), of_strokes)
        of_patch = torch.bmm(of_strokes, columns.transpose(1, 2)).flatten(1)
        of_patch = of_patch / placed[:, 4:].to(of_patch.dtype)
        of_filters = like_filters(of_columns, of_rows)
        of_intensity = -(of_patch * patch.flatten(1)).sum(dim=1)
        of_parameters = gradient(numbers.dtype, saved, of_window, of_filters, of_intensity)
        return torch.cat([of_patch, of_parameters], dim=1), None, None, None
