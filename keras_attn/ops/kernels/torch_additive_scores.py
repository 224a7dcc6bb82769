"""Additive scores on PyTorch: a few queries at a time in one buffer, remade for the gradient."""

import math

import torch

# Numbers of the hidden layer that are made at a time: what the cache of a CPU holds, and what keeps
# a GPU busy.
TILE = {"cpu": 2**20, "cuda": 2**24}


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, of the first order only."""
    return _AdditiveScores.apply(query, key, scale)


class _AdditiveScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query, key, scale):
        ctx.save_for_backward(query, key, scale)
        wide = _wide(scale)
        scores = wide.new_empty(*query.shape[:2], key.shape[1])
        for part, steps, hidden in _tiles(query, key):
            scores[part, steps] = torch.matmul(hidden, wide)
        return scores.to(query.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        query, key, scale = ctx.saved_tensors
        wide, gradient = _wide(scale), _wide(gradient)
        # One query writes all of the keys' gradient at once; several add to it.
        once = query.shape[1] == 1
        of_query = wide.new_zeros(query.shape)
        of_key = wide.new_empty(key.shape) if once else wide.new_zeros(key.shape)
        of_scale, one = torch.zeros_like(wide), wide.new_ones(())
        for part, steps, hidden in _tiles(query, key):
            weight = gradient[part, steps]
            of_scale += weight.reshape(-1) @ hidden.reshape(-1, len(scale))
            # Of what goes into the tanh.
            slope = torch.addcmul(one, hidden, hidden, value=-1, out=hidden).mul_(wide)
            of_query[part, steps] = torch.matmul(weight[:, :, None], slope)[:, :, 0]
            if once:
                torch.mul(slope[:, 0], weight[:, 0, :, None], out=of_key[part])
            elif slope.shape[1] == 1:
                of_key[part].addcmul_(slope[:, 0], weight[:, 0, :, None])
            else:
                of_key[part] += slope.mul_(weight[..., None]).sum(dim=1)
        return of_query.to(query.dtype), of_key.to(key.dtype), of_scale.to(scale.dtype)


def _tiles(query, key):
    """The hidden layer, `(examples, queries, values, units)`, a part at a time in one buffer.

    Yields which examples (of all, or of as many as fit) and which of their queries, and the part.
    """
    (batch, values, units), queries = key.shape, query.shape[1]
    tile = TILE["cpu" if key.device.type == "cpu" else "cuda"]
    group = max(1, min(batch, tile // max(values * units, 1)))
    block = max(1, min(queries, tile // max(group * values * units, 1)))
    buffer = _wide(key).new_empty(group * block * values * units)
    for first in range(0, batch, group):
        part = slice(first, first + group)
        wide_query, wide_key = _wide(query[part])[:, :, None], _wide(key[part])[:, None]
        for step in range(0, queries, block):
            steps = slice(step, step + block)
            shape = torch.broadcast_shapes(wide_query[:, steps].shape, wide_key.shape)
            hidden = buffer[: math.prod(shape)].view(shape)
            yield part, steps, _tanh_of_sum(wide_query[:, steps], wide_key, hidden)


def _tanh_of_sum(query, key, out):
    """`tanh(query + key)`, to 2e-7."""
    if out.device.type != "cpu" or out.dtype != torch.float32:
        return torch.add(query, key, out=out).tanh_()
    # 2 σ(2x) - 1: on CPUs the sigmoid takes a sixth of the time of the hyperbolic tangent.
    return torch.add(query * 2.0, key, alpha=2.0, out=out).sigmoid_().mul_(2.0).sub_(1.0)


def _wide(tensor):
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
