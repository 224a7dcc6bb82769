"""Additive scores on JAX: the hidden layer is made again for the gradient, never stored.

On CPUs a query at a time, in the cache; on accelerators inside the sums that need it. What CPUs
make is `r = σ(-2(q + k))`, of which the hidden layer is `tanh(q + k) = 1 - 2r` and its slope
`4(r - r²)`.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

# Numbers of the hidden layer that are made at a time: the least that all cores share.
TILE = 2**20
# So many queries of a key pay for the powers of its numbers.
MANY = 4
# Below it no power of e, nor a product of two, is infinite times zero.
LARGEST = 40.0


@jax.custom_vjp
def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, for reverse mode only."""

    def whole(query, key, scale):
        return jnp.sum(_hidden(query[:, :, None], key[:, None]) * _wide(scale), axis=-1)

    def in_groups(query, key, scale):
        wide = _wide(scale)

        def of_group(half, query, key):
            def of_query(query):
                # A sum over the last axis is not vectorised on CPUs, the same as a product is.
                return jnp.matmul(half(query[:, None], key), -2.0 * wide[:, None])[..., 0]

            return _over_queries(of_query, query)

        return _halved(of_group, query, key) + wide.sum()

    static = all(isinstance(size, int) for size in (*query.shape, *key.shape))
    # An export for sizes that are not known has no loops.
    loop = in_groups if static else whole
    return lax.platform_dependent(query, key, scale, cpu=loop, default=whole).astype(query.dtype)


def _forward(query, key, scale):
    return additive_scores(query, key, scale), (query, key, scale)


def _backward(saved, gradient):
    query, key, scale = saved
    # Of what goes into the tanh, but for the factor `scale`.
    of_query, of_key, of_scale = lax.platform_dependent(
        query, key, _wide(gradient), cpu=_gradients_in_groups, default=_gradients
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


def _gradients_in_groups(query, key, gradient):
    def of_group(half, query, key, gradient):
        def of_query(of_key, slices):
            query, gradient = slices
            halves = half(query[:, None], key)
            slope = halves - halves * halves
            # A product for each example, which the cores share; one long sum they would not.
            of_query, of_scale = (
                jnp.matmul(gradient[:, None], each)[:, 0] for each in (slope, halves)
            )
            return of_key + slope * gradient[..., None], (of_query, of_scale)

        slices = jnp.moveaxis(query, 1, 0), jnp.moveaxis(gradient, 1, 0)
        start = jnp.zeros(key.shape, gradient.dtype)
        of_key, (of_query, of_scale) = lax.scan(of_query, start, slices)
        return jnp.moveaxis(of_query, 0, 1), of_key, of_scale.sum(axis=0)

    of_query, of_key, of_scale = _halved(of_group, query, key, gradient)
    return 4.0 * of_query, 4.0 * of_key, gradient.sum() - 2.0 * of_scale.sum(axis=0)


additive_scores.defvjp(_forward, _backward)


def _hidden(query, key):
    return jnp.tanh(_wide(query) + _wide(key))


def _by_tangent(query, key):
    return 0.5 - 0.5 * jnp.tanh(query + key)


def _by_quotient(query, key):
    return 1.0 / (1.0 + query * key)


def _over_queries(function, query):
    return jnp.moveaxis(lax.map(function, jnp.moveaxis(query, 1, 0)), 0, 1)


def _halved(function, query, key, *others):
    """`function(half, query, key, *others)` in groups, with what makes `r` of a query and a key.

    A quotient takes a third of the time of a hyperbolic tangent, if powers are made of the numbers
    once, and none is too large.
    """

    def by_tangent(query, key, *others):
        return _in_groups(partial(function, _by_tangent), query, key, *others)

    def by_quotient(query, key, *others):
        powers = jnp.exp(2.0 * query), jnp.exp(2.0 * key)
        return _in_groups(partial(function, _by_quotient), *powers, *others)

    arrays = _wide(query), _wide(key), *others
    if query.shape[1] < MANY:
        return by_tangent(*arrays)
    small = [jnp.max(jnp.abs(array), initial=0.0) <= LARGEST for array in arrays[:2]]
    return lax.cond(small[0] & small[1], by_quotient, by_tangent, *arrays)


def _in_groups(function, query, key, *others):
    """`function` of as many examples at a time as fit into a tile."""
    batch, values, units = key.shape
    fitting = TILE // max(values * units, 1)
    group = max((n for n in range(1, batch + 1) if batch % n == 0 and n <= fitting), default=1)
    arrays = (query, key, *others)
    if group >= batch:
        return function(*arrays)
    groups = [array.reshape(batch // group, group, *array.shape[1:]) for array in arrays]
    results = lax.map(lambda slices: function(*slices), groups)
    return jax.tree.map(lambda array: array.reshape(batch, *array.shape[2:]), results)


def _wide(array):
    return array.astype(jnp.promote_types(array.dtype, "float32"))
