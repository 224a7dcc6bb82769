"""DRAW's windows with their filters on PyTorch, and a gradient written out.

The tensors are small, so that it is the number of operations that takes the time.
"""

import torch

from keras_attn.ops.gaussian_window import LARGEST_LOGARITHM, LEAST_SCORE, GaussianWindow
from keras_attn.ops.glimpse import plain_placed_window
from keras_attn.ops.kernels.torch_function import apply, first_order, widest


def placed_window(parameters, image_size, patch_size):
    """Equals `plain_placed_window`, with a gradient of its own, of the first order only."""
    if torch.jit.is_tracing():  # an exported graph has no use of gradients
        return plain_placed_window(parameters, image_size, patch_size)
    numbers, *filters = apply(_PlacedWindow, parameters, *image_size, patch_size)
    x, y, variance, stride, intensity = numbers.unbind(dim=1)
    filters_x, filters_y = filters if len(filters) == 2 else filters[0].unbind(dim=1)
    return GaussianWindow(x, y, stride, variance, intensity), filters_y, filters_x


class _PlacedWindow(torch.autograd.Function):
    """From `(batch, 5)` to the numbers of the window, likewise, and the filters along x and y.

    Of a square image these are one tensor, `(batch, 2, patch_size, size)`.
    """

    @staticmethod
    def forward(ctx, parameters, height, width, patch_size):
        ctx.set_materialize_grads(False)
        ctx.dtype = parameters.dtype
        wide = parameters.to(widest(parameters))
        like = {"dtype": wide.dtype, "device": wide.device}
        reach = (max(height, width) - 1) / max(patch_size - 1, 1)
        scale = torch.tensor([(width + 1) / 2, (height + 1) / 2, 1.0, reach, 1.0], **like)
        shift = torch.tensor([(width - 1) / 2, (height - 1) / 2, 0.0, 0.0, 0.0], **like)
        powers = wide[:, 2:].clamp(-LARGEST_LOGARITHM, LARGEST_LOGARITHM).exp_()
        numbers = torch.addcmul(shift, torch.cat([wide[:, :2], powers], dim=1), scale)

        steps = torch.arange(patch_size, **like) - (patch_size - 1) / 2
        centers, variance, stride = numbers[:, :2, None], numbers[:, 2], numbers[:, 3]
        means = torch.addcmul(centers, stride[:, None, None], steps)
        variance = variance[:, None, None, None]
        square = height == width
        axes = [(means, width)] if square else [(means[:, :1], width), (means[:, 1:], height)]
        found = [_filters(mean[..., None], variance, size) for mean, size in axes]
        ctx.save_for_backward(
            parameters,
            wide,
            scale,
            numbers,
            steps,
            means,
            *(each for pair in found for each in pair),
        )
        return numbers, *(filters if square else filters[:, 0] for filters, _ in found)

    @staticmethod
    @first_order
    def backward(ctx, of_window, *of_filters):
        _, wide, scale, numbers, steps, means, *found = ctx.saved_tensors
        square = len(of_filters) == 1
        variance = numbers[:, 2, None, None, None]
        total = torch.zeros_like(numbers) if of_window is None else of_window.clone()
        for axis, gradient in enumerate(of_filters):
            if gradient is None:
                continue
            filters, scores = found[2 * axis : 2 * axis + 2]
            part = slice(0, 2) if square else slice(axis, axis + 1)
            gradient = gradient if square else gradient[:, None]
            of_mean, of_variance = _gradients(gradient, filters, scores, means[:, part], variance)
            total[:, part] += of_mean.sum(dim=2)
            total[:, 2] += of_variance
            total[:, 3] += torch.mv(of_mean.sum(dim=1), steps)
        logarithms = wide[:, 2:]
        inside = (logarithms.abs() <= LARGEST_LOGARITHM).to(total.dtype)
        slopes = torch.cat([scale[:2].expand(len(total), 2), numbers[:, 2:] * inside], dim=1)
        return (total * slopes).to(ctx.dtype), None, None, None


def _filters(mean, variance, size):
    """Filters over the pixels of an axis, and the scores of which they are the softmax."""
    pixels = torch.arange(size, dtype=mean.dtype, device=mean.device)
    # Less the square of the nearest pixel, as in the plain twin.
    nearest = mean.round().clamp_(0, size - 1)
    scores = (pixels - nearest) * (pixels + (nearest - 2.0 * mean)) / (-2.0 * variance)
    return torch.softmax(scores.clamp_min_(LEAST_SCORE), dim=-1), scores


def _gradients(gradient, filters, scores, mean, variance):
    """Those of the means, `(batch, axes, patch_size)`, and of the variance, `(batch,)`."""
    of_scores = gradient.to(filters.dtype) * filters
    of_scores = torch.addcmul(of_scores, filters, of_scores.sum(dim=-1, keepdim=True), value=-1.0)
    of_scores.masked_fill_(scores <= LEAST_SCORE, 0.0)
    # Those of the score without the nearest pixel, whose part is the same for all pixels, and of a
    # sum of 0.
    pixels = torch.arange(filters.shape[-1], dtype=mean.dtype, device=mean.device)
    away = (pixels - mean[..., None]) / variance
    along = of_scores * away
    of_variance = 0.5 * torch.linalg.vecdot(along.flatten(1), away.flatten(1))
    return along.sum(dim=-1), of_variance
