"""Additive scores on PyTorch: a query at a time in one buffer, made again for the gradient."""

import torch

# Numbers of the hidden layer that are in the cache at a time.
TILE = 2**20


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, of the first order only."""
    return _AdditiveScores.apply(query, key, scale)


class _AdditiveScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query, key, scale):
        ctx.save_for_backward(query, key, scale)
        wide = _wide(scale)
        scores = wide.new_empty(*query.shape[:2], key.shape[1])
        for part, queries, keys in _groups(query, key):
            hidden = torch.empty_like(keys)
            for step in range(query.shape[1]):
                _hidden(queries, keys, step, out=hidden)
                scores[part, step] = torch.matmul(hidden, wide)
        return scores.to(query.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        query, key, scale = ctx.saved_tensors
        wide, gradient = _wide(scale), _wide(gradient)
        of_query = wide.new_zeros(query.shape)
        of_key = wide.new_zeros(key.shape)
        of_scale = torch.zeros_like(wide)
        for part, queries, keys in _groups(query, key):
            hidden = torch.empty_like(keys)
            for step in range(query.shape[1]):
                _hidden(queries, keys, step, out=hidden)
                weight = gradient[part, step]
                of_scale += weight.reshape(-1) @ hidden.reshape(-1, len(scale))
                # Of what goes into the tanh, but for the factor `scale`, which waits until the end.
                slope = torch.addcmul(hidden.new_ones(()), hidden, hidden, value=-1, out=hidden)
                of_query[part, step] = torch.matmul(weight[:, None], slope)[:, 0]
                of_key[part].addcmul_(slope, weight[..., None])
        return (
            (of_query * wide).to(query.dtype),
            (of_key * wide).to(key.dtype),
            of_scale.to(scale.dtype),
        )


def _hidden(query, key, step, out):
    """The hidden layer of one query of each example with all its keys, `(batch, values, units)`."""
    torch.add(query[:, step, None], key, out=out).tanh_()


def _groups(query, key):
    """As many examples at a time as fit into a tile: their slice, queries and keys."""
    batch, values, units = key.shape
    group = max(1, TILE // max(values * units, 1))
    for first in range(0, batch, group):
        part = slice(first, first + group)
        yield part, _wide(query[part]), _wide(key[part])


def _wide(tensor):
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
