"""Writing to a memory on PyTorch: nothing but the arguments is kept for the gradient."""

import torch

from keras_attn.ops.external_memory import plain_write_memory, write_gradients


def write_memory(memory, weights, erase, add):
    """Equals `plain_write_memory`, with a gradient of its own."""
    return _WriteMemory.apply(memory, weights, erase, add)


class _WriteMemory(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *arguments):
        ctx.save_for_backward(*arguments)
        return plain_write_memory(*arguments)

    @staticmethod
    def backward(ctx, gradient):
        return write_gradients(*ctx.saved_tensors, gradient)
