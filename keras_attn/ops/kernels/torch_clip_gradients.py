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
    generate_vmap_rule = True

    @staticmethod
    def forward(*arguments):
        *tensors, _ = arguments
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def setup_context(ctx, inputs, output):
        *_, ctx.limit = inputs
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, *gradients):
        limit = ctx.limit
        return *(None if each is None else each.clamp(-limit, limit) for each in gradients), None
