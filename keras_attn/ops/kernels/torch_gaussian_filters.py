"""Filters of DRAW's windows on PyTorch, with a gradient written out.

The tensors are small, so that it is the number of operations that takes the time.
"""

import torch

from keras_attn.ops.gaussian_window import LEAST_SCORE, plain_gaussian_filters
from keras_attn.ops.kernels.torch_function import apply, first_order, widest


def gaussian_filters(center, stride, variance, patch_size, size):
    """Equals `plain_gaussian_filters`, with a gradient of its own, of the first order only."""
    if torch.jit.is_tracing():  # an exported graph has no use of gradients
        return plain_gaussian_filters(center, stride, variance, patch_size, size)
    return apply(_GaussianFilters, center, stride, variance, patch_size, size)


class _GaussianFilters(torch.autograd.Function):
    @staticmethod
    def forward(ctx, center, stride, variance, patch_size, size):
        given = center, stride, variance
        ctx.dtypes = [each.dtype for each in given]
        wide = widest(*given)
        center, stride, variance = (each.to(wide)[:, None, None] for each in given)
        device = center.device
        steps = torch.arange(patch_size, dtype=wide, device=device) - (patch_size - 1) / 2
        mean = center + stride * steps[:, None]
        pixels = torch.arange(size, dtype=wide, device=device)
        # Less the square of the nearest pixel, as in the plain twin.
        nearest = mean.round().clamp_(0, size - 1)
        scores = (pixels - nearest) * (pixels + (nearest - 2.0 * mean)) / (-2.0 * variance)
        filters = torch.softmax(scores.clamp_min_(LEAST_SCORE), dim=-1)
        ctx.save_for_backward(filters, mean, steps, pixels, variance, scores, *given)
        return filters

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        filters, mean, steps, pixels, variance, scores, *_ = ctx.saved_tensors
        of_scores = gradient.to(filters.dtype) * filters
        of_scores = torch.addcmul(
            of_scores, filters, of_scores.sum(dim=-1, keepdim=True), value=-1.0
        )
        of_scores.masked_fill_(scores <= LEAST_SCORE, 0.0)
        # Those of the score without the nearest pixel, whose part is the same for all pixels, and
        # of a sum of 0.
        away = (pixels - mean) / variance
        along = of_scores * away
        of_mean = along.sum(dim=-1)
        of_variance = 0.5 * torch.linalg.vecdot(along, away).sum(dim=1)
        found = of_mean.sum(dim=1), torch.mv(of_mean, steps), of_variance
        found = (each.to(dtype) for each, dtype in zip(found, ctx.dtypes, strict=True))
        return *found, None, None
