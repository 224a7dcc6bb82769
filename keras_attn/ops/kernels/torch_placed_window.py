"""DRAW's windows with their filters on PyTorch, and a gradient written out.

The tensors are small, so that it is the number of operations that takes the time.
"""

import itertools

import torch

from keras_attn.ops.gaussian_window import LARGEST_LOGARITHM, LEAST_SCORE, GaussianWindow
from keras_attn.ops.glimpse import plain_placed_window
from keras_attn.ops.kernels.torch_function import apply, first_order, is_transformed, widest


def placed_window(parameters, image_size, patch_size):
    """Equals `plain_placed_window`, with a gradient of its own, of the first order only."""
    if is_transformed():
        return plain_placed_window(parameters, image_size, patch_size)
    numbers, *filters = apply(_PlacedWindow, parameters, *image_size, patch_size)
    filters_x, filters_y = filters if len(filters) == 2 else filters[0].unbind(dim=1)
    return window_of(numbers), filters_y, filters_x


def window_of(numbers):
    """The numbers that `place` gave, by name."""
    x, y, variance, stride, intensity = numbers.unbind(dim=1)
    return GaussianWindow(x, y, stride, variance, intensity)


class _PlacedWindow(torch.autograd.Function):
    """From `(batch, 5)` to the numbers of the window, likewise, and the filters along x and y.

    Of a square image these are one tensor, `(batch, 2, patch_size, size)`.
    """

    @staticmethod
    def forward(ctx, parameters, height, width, patch_size):
        ctx.set_materialize_grads(False)
        numbers, filters, saved = place(parameters, height, width, patch_size)
        ctx.save_for_backward(parameters, *saved)
        return numbers, *filters

    @staticmethod
    @first_order
    def backward(ctx, of_window, *of_filters):
        parameters, *saved = ctx.saved_tensors
        return gradient(parameters.dtype, saved, of_window, of_filters), None, None, None


def place(parameters, height, width, patch_size):
    """Computes the parameters, the filters, and the tensors saved for `gradient`."""
    wide = parameters.to(widest(parameters))
    like = {"dtype": wide.dtype, "device": wide.device}
    reach = (max(height, width) - 1) / max(patch_size - 1, 1)
    scale = torch.tensor([(width + 1) / 2, (height + 1) / 2, 1.0, reach, 1.0], **like)
    shift = torch.tensor([(width - 1) / 2, (height - 1) / 2, 0.0, 0.0, 0.0], **like)
    powers = wide[:, 2:].clamp(-LARGEST_LOGARITHM, LARGEST_LOGARITHM).exp_()
    numbers = torch.addcmul(shift, torch.cat([wide[:, :2], powers], dim=1), scale)

    steps = torch.arange(patch_size, **like) - (patch_size - 1) / 2
    centers, variance, stride, _ = numbers[..., None].split([2, 1, 1, 1], dim=1)
    means, variance = torch.addcmul(centers, stride, steps), variance[..., None]
    square = height == width
    axes = [(means, width)] if square else [(means[:, :1], width), (means[:, 1:], height)]
    found = [_filters(mean[..., None], variance, size) for mean, size in axes]
    filters = [filters if square else filters[:, 0] for filters, *_ in found]
    return numbers, filters, [wide, scale, numbers, steps, *itertools.chain(*found)]


def gradient(dtype, saved, of_window, of_filters, of_intensity=None):
    """Computes the gradient with respect to the window parameters.

    Args:
        dtype: of the parameters.
        saved: what `place` gave for it.
        of_window: the gradient of the numbers, `(batch, 5)`, or None.
        of_filters: those of the filters, each of them may be None.
        of_intensity: a further one of the intensity, `(batch,)`, or None.
    """
    wide, scale, numbers, steps, *found = saved
    nothing = torch.zeros_like(numbers[:, :1])
    square = len(of_filters) == 1
    variance = numbers[:, 2, None, None, None]
    centers, of_variance, of_stride = [], nothing, nothing
    for axis, each in enumerate(of_filters):
        if each is None:
            centers += [nothing] * (1 + square)
            continue
        filters, *others = found[4 * axis : 4 * axis + 4]
        each = each if square else each[:, None]
        of_mean, along_variance = _gradients(each, filters, *others, variance)
        centers.append(of_mean.sum(dim=2))
        of_variance = of_variance + along_variance[:, None]
        of_stride = of_stride + of_mean.sum(dim=1) @ steps[:, None]
    of_intensity = nothing if of_intensity is None else of_intensity[:, None]
    total = torch.cat([*centers, of_variance, of_stride, of_intensity], dim=1)
    if of_window is not None:
        total = total + of_window
    # Outside of the clipping nothing moves.
    powers = torch.where(wide[:, 2:].abs() <= LARGEST_LOGARITHM, numbers[:, 2:], 0.0)
    slopes = torch.cat([scale[:2].expand(len(total), 2), powers], dim=1)
    return (total * slopes).to(dtype)


def _filters(mean, variance, size):
    """Filters over the pixels of an axis, the scores of which they are the softmax, and two more
    that `_gradients` takes."""
    pixels = torch.arange(size, dtype=mean.dtype, device=mean.device)
    # Less the square of the nearest pixel, as in the plain twin.
    nearest = mean.round().clamp_(0, size - 1)
    scores = (pixels - nearest) * (pixels + (nearest - 2.0 * mean)) / (-2.0 * variance)
    return torch.softmax(scores.clamp_min(LEAST_SCORE), dim=-1), scores, pixels, mean


def _gradients(gradient, filters, scores, pixels, mean, variance):
    """Gradients of the means, `(batch, axes, patch_size)`, and of the variance, `(batch,)`."""
    of_scores = _OF_SOFTMAX(gradient.to(filters.dtype), filters, -1, filters.dtype)
    of_scores = _OF_THRESHOLD(of_scores, scores, LEAST_SCORE)
    # Those of the score without the nearest pixel, whose part is the same for all pixels, and of a
    # sum of 0.
    away = (pixels - mean) / variance
    along = of_scores * away
    of_variance = 0.5 * torch.linalg.vecdot(along.flatten(1), away.flatten(1))
    return along.sum(dim=-1), of_variance


_OF_SOFTMAX = torch.ops.aten._softmax_backward_data.default
_OF_THRESHOLD = torch.ops.aten.threshold_backward.default
