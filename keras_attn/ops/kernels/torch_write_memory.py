"""Writing to a memory on PyTorch: nothing but the arguments is kept for the gradient."""

import math

import torch

from keras_attn.ops.external_memory import plain_write_memory
from keras_attn.ops.kernels.torch_function import apply, first_order, is_transformed


def write_memory(memory, weights, erase, add):
    """Equals `plain_write_memory`, with a gradient of its own, of the first order only."""
    if is_transformed():
        return plain_write_memory(memory, weights, erase, add)
    return apply(_WriteMemory, memory, weights, erase, add)


class _WriteMemory(torch.autograd.Function):
    @staticmethod
    def forward(ctx, memory, weights, erase, add):
        ctx.save_for_backward(memory, weights, erase, add)
        kept = math.prod(_kept(weights, erase), start=memory)
        return torch.baddbmm(kept, weights.transpose(1, 2), add)

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        memory, weights, erase, add = ctx.saved_tensors
        kept = _kept(weights, erase)
        of_add = torch.matmul(weights, gradient)
        of_weights = torch.matmul(add, gradient.transpose(1, 2))
        of_erase = torch.empty_like(erase)
        for head in range(len(kept)):
            others = math.prod(kept[:head] + kept[head + 1 :], start=gradient)
            erased = others * memory
            of_weights[:, head] -= torch.matmul(erased, erase[:, head, :, None])[..., 0]
            of_erase[:, head] = -torch.matmul(weights[:, head, None], erased)[:, 0]
        return math.prod(kept, start=gradient), of_weights, of_erase, of_add


def _kept(weights, erase):
    """Fraction of the memory that each head keeps, `1 - w e`, `(batch, locations, width)`."""
    heads = range(weights.shape[1])
    return [1.0 - weights[:, head, :, None] * erase[:, head, None] for head in heads]
