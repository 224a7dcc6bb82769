"""Additive scores on JAX: the hidden layer is made again for the gradient, never stored.

On accelerators inside the sums that need it. On CPUs, whose compiler would store it there, too, a
few rows at a time, each sum in a loop of its own. What CPUs make is `r = σ(-2(q + k))`, of which
the hidden layer is `tanh(q + k) = 1 - 2r` and its slope `4(r - r²)`.
"""

import jax
import jax.numpy as jnp
from jax import lax

from keras_attn.ops.kernels.jax_over_steps import kept
from keras_attn.ops.known import known

# Rows that are added to a sum at a time, an even number: it is read and written once for them.
ROWS = 16
# Up to it the product of two quotients' denominators is no infinity.
LARGEST = 22.0


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, for reverse mode only."""
    return kept(_scores(query, key, scale))


@jax.custom_vjp
def _scores(query, key, scale):
    def whole(query, key, scale):
        return jnp.sum(_hidden(query[:, :, None], key[:, None]) * _wide(scale), axis=-1)

    # An export for sizes that are not known has no loops.
    in_rows = _scores_in_rows if known(*query.shape, *key.shape) else whole
    return lax.platform_dependent(query, key, scale, cpu=in_rows, default=whole).astype(query.dtype)


def _forward(query, key, scale):
    # JAX passes NumPy arrays to the rule unconverted.
    query, key, scale = map(jnp.asarray, (query, key, scale))
    return _scores(query, key, scale), (query, key, scale)


def _backward(saved, gradient):
    query, key, scale = saved
    if query.ndim != 3:
        # In a loop differentiated twice, JAX passes residuals of another rank.
        raise NotImplementedError(
            "`additive_scores` has no second derivative inside of a loop on JAX. Received: a "
            "gradient of its gradient"
        )
    # Of what goes into the tanh, but for the factor `scale`.
    in_rows = _gradients_in_rows if known(*query.shape, *key.shape) else _gradients
    of_query, of_key, of_scale = lax.platform_dependent(
        query, key, _wide(gradient), cpu=in_rows, default=_gradients
    )
    wide = _wide(scale)
    return (
        (of_query * wide).astype(query.dtype),
        (of_key * wide).astype(key.dtype),
        of_scale.astype(scale.dtype),
    )


def _gradients(query, key, gradient):
    def hidden():
        # Behind barriers, as the compiler would store one hidden layer for all three sums.
        queries, keys = lax.optimization_barrier((query, key))
        return _hidden(queries[:, :, None], keys[:, None])

    weight = gradient[..., None]
    return (
        jnp.sum(weight * (1.0 - jnp.square(hidden())), axis=2),
        jnp.sum(weight * (1.0 - jnp.square(hidden())), axis=1),
        jnp.sum(weight * hidden(), axis=(0, 1, 2)),
    )


_scores.defvjp(_forward, _backward)


# === CPUs ===


def _scores_in_rows(query, key, scale):
    wide = _wide(scale)

    def scores(halves, query, key):
        # Units first.
        query, key = (jnp.moveaxis(each, 2, 0) for each in (query, key))

        def add(sums, query, key, weight):
            # Of two units: (batch, queries, values).
            first, second = halves(query[:, :, :, None], key[:, :, None])
            return sums + (weight[0] * first + weight[1] * second)

        start = jnp.zeros((*query.shape[1:], key.shape[2]), wide.dtype)
        return _in_pairs(add, start, query, key, -2.0 * wide)

    if query.shape[1] == 1:
        halves = _halves_of_one(query, key)
        # A sum over the last axis is not vectorised, the same as a product is.
        return jnp.matmul(halves, -2.0 * wide[:, None])[:, None, :, 0] + wide.sum()
    return _of_halves(scores, query, key) + wide.sum()


def _gradients_in_rows(query, key, gradient):
    if query.shape[1] == 1:
        halves = _halves_of_one(query, key)
        slope = halves - halves * halves
        # A product for each example, which the cores share; one long sum they would not.
        of_query, of_scale = (jnp.matmul(gradient, each) for each in (slope, halves))
        of_key = slope * jnp.moveaxis(gradient, 1, 2)
    else:
        of_query, of_key, of_scale = _of_halves(_sums, query, key, gradient)
    of_scale = gradient.sum() - 2.0 * of_scale.sum(axis=(0, 1))
    return 4.0 * of_query, 4.0 * of_key, of_scale


def _sums(halves, query, key, gradient):
    def slopes(rows, others):
        return [half - half * half for half in halves(rows, others)]

    # Queries first, and values.
    query, key = (jnp.moveaxis(each, 1, 0) for each in (query, key))
    of_queries, of_values = (gradient.transpose(axes) for axes in ((1, 2, 0), (2, 1, 0)))
    found = (
        _weighted_sum(slopes, query, key, of_values),
        _weighted_sum(slopes, key, query, of_queries),
        _weighted_sum(halves, query, key, of_values),
    )
    return tuple(jnp.moveaxis(each, 0, 1) for each in found)


def _weighted_sum(function, still, moving, weights):
    """`sum_m weights[m, s, b] function(moving[m, b], still[s, b])`, as `(s, b, units)`."""

    def add(sums, moving, weights):
        first, second = function(moving[:, None], (still, still))
        weights = weights[..., None]
        return sums + (weights[0] * first + weights[1] * second)

    return _in_pairs(add, jnp.zeros(still.shape, weights.dtype), moving, weights)


def _in_pairs(add, start, *arrays):
    """`start`, and what `add(sums, *slices)` adds for any two rows of the arrays."""
    count = len(arrays[0])
    rows = min(ROWS, count + count % 2)
    steps = -(-count // max(rows, 1))
    missing = steps * rows - count
    arrays = [jnp.pad(each, [(0, missing)] + [(0, 0)] * (each.ndim - 1)) for each in arrays]

    def step(index, sums):
        slices = [lax.dynamic_slice_in_dim(each, index * rows, rows) for each in arrays]
        # Made before the sum: reading from where is not known stops vector instructions.
        slices = lax.optimization_barrier(slices)
        for row in range(0, rows, 2):
            sums = add(sums, *(each[row : row + 2] for each in slices))
        return sums

    return lax.fori_loop(0, steps, step, start)


def _of_halves(function, query, key, *others):
    """`function(halves, query, key, *others)`, with what makes two rows of `r`.

    A quotient takes a third of the time of a hyperbolic tangent, and two can share one, if powers
    are made of the numbers once, and none is too large.
    """

    def by_tangent(query, key, *others):
        return function(_by_tangent, query, key, *others)

    def by_quotient(query, key, *others):
        return function(_by_quotient, jnp.exp(2.0 * query), jnp.exp(2.0 * key), *others)

    query, key = _wide(query), _wide(key)
    largest = sum(jnp.max(jnp.abs(array), initial=0.0) for array in (query, key))
    return lax.cond(largest <= LARGEST, by_quotient, by_tangent, query, key, *others)


def _by_tangent(rows, others):
    return [0.5 - 0.5 * jnp.tanh(row + other) for row, other in zip(rows, others, strict=True)]


def _by_quotient(rows, others):
    first, second = (1.0 + row * other for row, other in zip(rows, others, strict=True))
    quotient = 1.0 / (first * second)
    return second * quotient, first * quotient


def _halves_of_one(query, key):
    """Computes the halves for a single query, whose hidden layer is no larger than the keys."""
    return _by_tangent([_wide(query)], [_wide(key)])[0]


def _hidden(query, key):
    return jnp.tanh(_wide(query) + _wide(key))


def _wide(array):
    return array.astype(jnp.promote_types(array.dtype, "float32"))
