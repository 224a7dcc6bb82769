"""Addressing on PyTorch: the four steps as one function with a custom gradient.

The tensors are small, so that it is the number of operations that takes the time.
"""

import torch

from keras_attn.ops.kernels.torch_function import apply, first_order, is_transformed, widest
from keras_attn.ops.memory_addressing import EPSILON, LEAST, plain_address_memory


def address_memory(key, strength, gate, shift, sharpening, memory, previous):
    """Equals `plain_address_memory`, with a gradient of its own, of the first order only."""
    arguments = key, strength, gate, shift, sharpening, memory, previous
    # A shift may go around the ring more than once.
    if shift.shape[-1] // 2 > memory.shape[1] or is_transformed():
        return plain_address_memory(*arguments)
    return apply(_AddressMemory, *arguments)


class _AddressMemory(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *given):
        ctx.dtypes = [each.dtype for each in given]
        wide = widest(*given)
        arguments = [each.to(wide) for each in given]
        key, strength, gate, shift, sharpening, memory, previous = arguments
        strength, gate, sharpening = strength[..., None], gate[..., None], sharpening[..., None]
        by_key, by_row = _inverse_length(key)[..., None], _inverse_length(memory)[:, None]
        unit = key * by_key
        cosine = torch.matmul(unit, memory.transpose(1, 2)) * by_row
        content = torch.softmax(strength * cosine, dim=-1)
        mixed = torch.lerp(previous, content, gate)
        # Read from the other side, a shift up is a look down.
        looks = _around(mixed, shift.shape[-1])
        moved = torch.matmul(looks, shift.flip(-1)[..., None])[..., 0]
        logs = moved.clamp_min(LEAST).log_()
        weights = torch.softmax(sharpening * logs, dim=-1)
        ctx.save_for_backward(
            unit, by_key, by_row, cosine, strength, content, previous, gate, looks, shift, moved,
            logs, sharpening, weights, memory, *given,
        )  # fmt: skip
        return weights.to(ctx.dtypes[-1])

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        (
            unit, by_key, by_row, cosine, strength, content, previous, gate, looks, shift, moved,
            logs, sharpening, weights, memory, *_,
        ) = ctx.saved_tensors  # fmt: skip
        of_logits = _through_softmax(weights, gradient.to(weights.dtype))
        of_sharpening = torch.linalg.vecdot(of_logits, logs)
        of_moved = of_logits * sharpening / moved.clamp_min(LEAST)
        of_moved.masked_fill_(moved < LEAST, 0.0)
        of_shift = torch.matmul(of_moved[..., None, :], looks)[..., 0, :].flip(-1)
        of_mixed = torch.matmul(_around(of_moved, shift.shape[-1]), shift[..., None])[..., 0]
        of_gate = torch.linalg.vecdot(of_mixed, content - previous)
        of_content = of_mixed * gate
        of_previous = of_mixed - of_content
        of_scores = _through_softmax(content, of_content)
        turned = of_scores * cosine
        of_strength = turned.sum(dim=-1)
        of_product = of_scores * strength * by_row
        of_unit = torch.matmul(of_product, memory)
        of_memory = torch.matmul(of_product.transpose(1, 2), unit)
        of_rows = (turned * strength).sum(dim=1, keepdim=True) * by_row.square()
        of_memory.addcmul_(memory, of_rows.transpose(1, 2), value=-1.0)
        along = torch.linalg.vecdot(of_unit, unit)[..., None]
        of_key = by_key * (of_unit - along * unit)
        found = of_key, of_strength, of_gate, of_shift, of_sharpening, of_memory, of_previous
        return tuple(each.to(dtype) for each, dtype in zip(found, ctx.dtypes, strict=True))


def _inverse_length(vectors):
    return torch.linalg.vecdot(vectors, vectors).add_(EPSILON).rsqrt_()


def _around(weights, steps):
    """Each location with those around it on the ring, `(batch, heads, locations, steps)`."""
    reach = steps // 2
    if reach:
        weights = torch.cat([weights[..., -reach:], weights, weights[..., :reach]], dim=-1)
    return weights.unfold(-1, steps, 1)


def _through_softmax(weights, gradient):
    of_scores = weights * gradient
    return of_scores - weights * of_scores.sum(dim=-1, keepdim=True)
