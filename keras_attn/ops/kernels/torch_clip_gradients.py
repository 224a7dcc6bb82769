"""Gradients that are clipped on their way back, on PyTorch."""

import torch

from keras_attn.ops.kernels.torch_function import apply


def clip_gradients(tensors, limit):
    """Equals its arguments, with gradients within the limit."""
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if not learns or torch.jit.is_tracing():
        return tensors
    return list(apply(_Same, *tensors, limit))


class _Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *arguments):
        *tensors, ctx.limit = arguments
        ctx.set_materialize_grads(False)
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx, *gradients):
        limit = ctx.limit
        return *(None if each is None else each.clamp(-limit, limit) for each in gradients), None
