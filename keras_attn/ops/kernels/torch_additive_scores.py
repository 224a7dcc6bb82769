"""Additive scores on PyTorch: a few queries at a time in one buffer, remade for the gradient.

What is made at a time is `r = σ(-2(q + k))`, of which the hidden layer is `tanh(q + k) = 1 - 2r`
and its slope `4r(1 - r)`. For one query of a decoder whose steps are compiled nothing is made: the
sums over it are a kernel each, see `keras_attn.compile_steps`.
"""

import math

import torch

from keras_attn.ops.alignment_scores import plain_additive_scores
from keras_attn.ops.compiled_steps import compiled, steps_are_compiled
from keras_attn.ops.kernels.torch_function import (
    apply,
    first_order,
    is_checkpointed,
    is_transformed,
    widest,
)

# Numbers of the hidden layer that are made at a time: what the cache of a CPU holds, and what keeps
# a GPU busy.
TILE = {"cpu": 2**19, "cuda": 2**24}
# Below it no power of e, nor a product of two, is infinite times zero.
LARGEST = 40.0
# Backward passes inside of one another.
NESTED = 4


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a custom gradient without second derivatives."""
    # An exported graph would hardcode the batch size of the trace.
    if is_transformed():
        return plain_additive_scores(query, key, scale)
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
        # Of a single query all sums are compiled, where steps are.
        fused = query.shape[1] == 1 and keys.powers is not None and steps_are_compiled()
        ctx.power = (2.0 * _wide(query[:, 0])).exp_() if fused and _small(query) else None
        if ctx.power is not None:
            scores = compiled(_sum_over_units)(ctx.power, keys.powers, wide)[:, None]
            return scores.to(query.dtype)
        scores = wide.new_empty(*query.shape[:2], key.shape[1])
        for part, steps, half in _tiles(query, key, keys.powers):
            scores[part, steps] = torch.matmul(half, -2.0 * wide)
        return scores.add_(wide.sum()).to(query.dtype)

    @staticmethod
    @first_order
    def backward(ctx, gradient):
        query, key, scale, _ = ctx.saved_tensors
        wide, gradient, total = _wide(scale), _wide(gradient), ctx.keys.sum
        if ctx.power is not None:
            weight = gradient[:, 0]
            halves, slopes = _sums_over_values(ctx.power, ctx.keys.powers, weight)
            halves, of_query = halves.sum(dim=0), slopes[:, None]
            if total:
                total.add_later(ctx.power, weight, wide)
        else:
            halves, of_query = torch.zeros_like(wide), wide.new_zeros(query.shape)
            of_key = total.buffer(key) if total else None
            for part, steps, half in _tiles(query, key, ctx.keys.powers):
                weight = gradient[part, steps]
                halves += weight.reshape(-1) @ half.reshape(-1, len(scale))
                # `weight r (1 - r)`, in one pass.
                weight = weight[..., None].expand_as(half)
                torch.ops.aten.sigmoid_backward.grad_input(weight, half, grad_input=half)
                of_query[part, steps] = half.sum(dim=2)
                if of_key is not None:
                    slope = half[:, 0] if half.shape[1] == 1 else half.sum(dim=1)
                    of_key[part].addcmul_(slope, 4.0 * wide)
        of_query = (4.0 * wide * of_query).to(query.dtype)
        of_scale = (gradient.sum() - 2.0 * halves).to(scale.dtype)
        # The keys get theirs through the token, when all of their queries have added to it.
        return of_query, None, of_scale, None, None


class _Keys:
    """Terms of the keys that all queries share.

    Attributes:
        sum, token: of the gradient of the keys, if they have one, see `_Token`.
        powers: `e^{2k}`, or None where they are of no use.
    """

    def __init__(self, key):
        self.sum, self.token, self.powers = None, None, None
        wide = _wide(key.detach())
        # On CPUs a quotient takes a fraction of the time of a power. A compiled graph cannot branch
        # on values.
        if key.device.type == "cpu" and not torch.compiler.is_compiling() and _small(wide):
            self.powers = (2.0 * wide).exp_()
        if _learns(key):
            self.sum = _Sum(self.powers, key.dtype)
            self.token = _Token.apply(key, self.sum)


def _keys_of(key):
    """The `_Keys` of a tensor, kept with it: decoders ask the same keys at every step."""
    # A leaf that keeps them would keep itself, and a change in place would go unnoticed.
    if key.is_leaf or key.is_inference() or is_checkpointed():
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
    """Sums added to a gradient, for each backward pass: one may run inside of another.

    Args:
        powers: of the keys, see `_Keys`.
        dtype: of the gradient.
    """

    def __init__(self, powers, dtype):
        self._powers, self._dtype, self._passes = powers, dtype, {}

    def buffer(self, like):
        """A tensor to add to."""
        now = self._now()
        if now[0] is None:
            now[0] = torch.zeros_like(like, dtype=widest(like))
        return now[0]

    def add_later(self, power, weight, scale):
        """Adds what a query gives, when all others do: keys are large, and so are read once."""
        self._now()[1].append((power, weight, scale))

    def take(self):
        buffer, queries = self._passes.pop(torch._C._current_graph_task_id(), (None, ()))
        if queries:
            stacked = map(torch.stack, zip(*queries, strict=True))
            found = compiled(_sum_over_queries)(self._powers, *stacked)
            buffer = found if buffer is None else buffer + found
        return None if buffer is None else buffer.to(self._dtype)

    def _now(self):
        now = torch._C._current_graph_task_id()
        if now not in self._passes:
            self._passes[now] = [None, []]
            # Those that asked for other gradients have added something and never take it.
            for old in sorted(self._passes)[:-NESTED]:
                del self._passes[old]
        return self._passes[now]


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


def _sum_over_units(query, key, scale):
    """Scores of one query, `(examples, values)`."""
    return scale.sum() - 2.0 * (scale / (1.0 + query[:, None] * key)).sum(dim=-1)


def _sums_over_values(query, key, weight):
    """`Σ_v weight r` and `Σ_v weight r (1 - r)`, `(examples, units)`.

    A few values at a time, as compiled loops go down one column after the other.
    """
    values = key.shape[1]
    rows = next((rows for rows in range(32, 7, -1) if values % rows == 0), values)
    parts = (each.unflatten(1, (values // rows, rows)) for each in (key, weight))
    return compiled(_sums_over_rows)(query, *parts)


def _sums_over_rows(query, key, weight):
    one = 1.0 / (1.0 + query[:, None, None] * key)
    half = weight[..., None] * one
    return half.sum(dim=2).sum(dim=1), (half - half * one).sum(dim=2).sum(dim=1)


def _sum_over_queries(key, queries, weights, scales):
    """The gradient of the keys, `(examples, values, units)`, for lists of queries."""
    one = 1.0 / (1.0 + queries[:, :, None] * key)
    half = weights[..., None] * one
    return ((half - half * one) * (4.0 * scales[:, None, None])).sum(dim=0)


def _learns(key):
    return torch.is_grad_enabled() and key.requires_grad


def _small(tensor):
    if not tensor.numel():
        return False
    least, most = torch.aminmax(tensor)
    return bool((least >= -LARGEST) & (most <= LARGEST))


def _wide(tensor):
    return tensor.to(widest(tensor))
