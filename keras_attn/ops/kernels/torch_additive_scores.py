"""Additive scores on PyTorch: a few queries at a time in one buffer, remade for the gradient.

What is made at a time is `r = σ(-2(q + k))`, of which the hidden layer is `tanh(q + k) = 1 - 2r`
and its slope `4(r - r²)`.
"""

import math

import torch

from keras_attn.ops.kernels.torch_function import apply, first_order, widest

# Numbers of the hidden layer that are made at a time: what the cache of a CPU holds, and what keeps
# a GPU busy.
TILE = {"cpu": 2**19, "cuda": 2**24}
# Below it no power of e, nor a product of two, is infinite times zero.
LARGEST = 40.0
# Backward passes inside of one another.
NESTED = 4


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, of the first order only."""
    dtype = query.dtype
    # Others are made wide a part at a time.
    if widest(query, key, scale) == torch.float64:
        query, key, scale = (each.to(torch.float64) for each in (query, key, scale))
    keys = _keys_of(key)
    return apply(_AdditiveScores, query, key.detach(), scale, keys, keys.token).to(dtype)


class _AdditiveScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query, key, scale, keys, token):
        ctx.save_for_backward(query, key, scale, token)
        ctx.keys = keys
        wide = _wide(scale)
        scores = wide.new_empty(*query.shape[:2], key.shape[1])
        for part, steps, half in _tiles(query, key, keys.powers):
            scores[part, steps] = torch.matmul(half, -2.0 * wide)
        return scores.add_(wide.sum()).to(query.dtype)

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        query, key, scale, _ = ctx.saved_tensors
        wide, gradient = _wide(scale), _wide(gradient)
        of_query = wide.new_zeros(query.shape)
        of_key = ctx.keys.sum.buffer(key) if ctx.keys.sum else None
        of_scale = gradient.sum().expand_as(wide).clone()
        for part, steps, half in _tiles(query, key, ctx.keys.powers):
            weight = gradient[part, steps]
            of_scale -= 2.0 * (weight.reshape(-1) @ half.reshape(-1, len(scale)))
            # Of what goes into the tanh.
            slope = half.addcmul_(half, half, value=-1).mul_(4.0 * wide)
            of_query[part, steps] = torch.matmul(weight[:, :, None], slope)[:, :, 0]
            if of_key is None:
                continue
            if slope.shape[1] == 1:
                of_key[part].addcmul_(slope[:, 0], weight[:, 0, :, None])
            else:
                of_key[part] += slope.mul_(weight[..., None]).sum(dim=1)
        # The keys get theirs through the token, when all of their queries have added to it.
        return of_query.to(query.dtype), None, of_scale.to(scale.dtype), None, None


class _Keys:
    """What all queries of some keys share.

    Attributes:
        sum, token: of the gradient of the keys, if they have one, see `_Token`.
        powers: `e^{2k}`, or None where they are of no use.
    """

    def __init__(self, key):
        self.sum, self.token = None, None
        if _learns(key):
            self.sum = _Sum()
            self.token = _Token.apply(key, self.sum)
        self.powers = None
        wide = _wide(key.detach())
        # On CPUs a quotient takes a fraction of the time of a power. Graphs that are traced have
        # one way alone.
        traced = torch.compiler.is_compiling() or torch.jit.is_tracing()
        if key.device.type == "cpu" and not traced and _small(wide):
            self.powers = (2.0 * wide).exp_()


def _keys_of(key):
    """The `_Keys` of a tensor, kept with it: decoders ask the same keys at every step."""
    # A leaf that keeps them would keep itself, and a change in place would go unnoticed.
    if key.is_leaf or key.is_inference():
        return _Keys(key)
    kept = getattr(key, "_additive_keys", None)
    if kept is None or kept[0] != (key._version, _learns(key)):
        kept = (key._version, _learns(key)), _Keys(key)
        key._additive_keys = kept
    return kept[1]


class _Token(torch.autograd.Function):
    """Nothing, made of keys: so the backward pass comes here when it has been at all their queries,
    which have added up the gradient of the keys in one buffer. A tensor of its own for every step
    of a decoder would cost more than the sum itself."""

    @staticmethod
    def forward(ctx, key, total):
        ctx.set_materialize_grads(False)
        ctx.total = total
        token = key.new_empty(0)
        # Not the key, which would keep itself: it has the token, and that the way to the key.
        ctx.save_for_backward(token)
        return token

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        return ctx.total.take(), None


class _Sum:
    """What has been added to a gradient, by backward pass: one may run inside of another."""

    def __init__(self):
        self._buffers = {}

    def buffer(self, like):
        now = torch._C._current_graph_task_id()
        if now not in self._buffers:
            self._dtype = like.dtype
            self._buffers[now] = torch.zeros_like(like, dtype=widest(like))
            # Those that asked for other gradients have added something and never take it.
            for old in sorted(self._buffers)[:-NESTED]:
                del self._buffers[old]
        return self._buffers[now]

    def take(self):
        buffer = self._buffers.pop(torch._C._current_graph_task_id(), None)
        return None if buffer is None else buffer.to(self._dtype)


def _tiles(query, key, powers):
    """`σ(-2(q + k))`, `(examples, queries, values, units)`, a part at a time in one buffer.

    Yields which examples (of all, or of as many as fit) and which of their queries, and the part.
    """
    (batch, values, units), queries = key.shape, query.shape[1]
    tile = TILE["cpu" if key.device.type == "cpu" else "cuda"]
    group = max(1, min(batch, tile // max(values * units, 1)))
    block = max(1, min(queries, tile // max(group * values * units, 1)))
    query = _wide(query)
    quotient = powers is not None and _small(query)
    query, key = ((2.0 * query).exp_(), powers) if quotient else (-2.0 * query, key)
    buffer = query.new_empty(group * block * values * units)
    one = query.new_ones(())
    for first in range(0, batch, group):
        part = slice(first, first + group)
        wide_query, wide_key = query[part][:, :, None], _wide(key[part])[:, None]
        for step in range(0, queries, block):
            steps = slice(step, step + block)
            shape = torch.broadcast_shapes(wide_query[:, steps].shape, wide_key.shape)
            half = buffer[: math.prod(shape)].view(shape)
            if quotient:
                torch.addcmul(one, wide_query[:, steps], wide_key, out=half).reciprocal_()
            else:
                torch.add(wide_query[:, steps], wide_key, alpha=-2.0, out=half).sigmoid_()
            yield part, steps, half


def _learns(key):
    return torch.is_grad_enabled() and key.requires_grad


def _small(tensor):
    return tensor.numel() > 0 and bool(tensor.abs().amax() <= LARGEST)


def _wide(tensor):
    return tensor.to(widest(tensor))
