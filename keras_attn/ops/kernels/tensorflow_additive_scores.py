"""Additive scores on TensorFlow: a query at a time, the hidden layer made again for the gradient.

Compiled by XLA also inside a model that is not. What is made is `r = σ(-2(q + k))`, of which the
hidden layer is `tanh(q + k) = 1 - 2r` and its slope `4(r - r²)`.
"""

import functools

import tensorflow as tf

from keras_attn.ops.kernels.tensorflow_gradients import (
    refuse_second_derivative,
    unseen,
    values,
)

# Numbers of the hidden layer that are made at a time: the least that all cores share.
TILE = 2**20
# So many queries of a key pay for the powers of its numbers.
MANY = 4
# Below it no power of e, nor a product of two, is infinite times zero.
LARGEST = 40.0

_compiled = functools.partial(tf.function, jit_compile=True, autograph=False)


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, of the first order only."""
    tensors = values(query, key, scale)

    @tf.custom_gradient
    def gradients(*tensors):
        return _gradients(*unseen(*tensors)), refuse_second_derivative("additive_scores")

    @tf.custom_gradient
    def scores(*copies):
        # Not of the copies: in a loop over queries each step would keep its copy of the keys.
        return _scores(*unseen(*copies)), lambda gradient: gradients(*tensors, gradient)

    return scores(*tensors)


@_compiled
def _scores(query, key, scale):
    wide = _wide(scale)

    def of_group(half, query, key):
        # A sum over the last axis is not vectorised on CPUs, the same as a product is.
        scores = tf.map_fn(
            lambda query: tf.matmul(half(query[:, None], key), -2.0 * wide[:, None])[..., 0],
            tf.transpose(query, (1, 0, 2)),
            fn_output_signature=wide.dtype,
        )
        return tf.transpose(scores, (1, 0, 2))

    arrays = _padded(query), _padded(key)
    padded = [tf.shape(array) for array in arrays]
    scores = _halved(of_group, arrays, wide.dtype)
    scores = tf.reshape(scores, (padded[0][0], padded[0][1], padded[1][1]))
    scores = scores[: tf.shape(query)[0], : tf.shape(query)[1], : tf.shape(key)[1]]
    scores = tf.ensure_shape(scores, (*query.shape[:2], key.shape[1]))
    return tf.cast(scores + tf.reduce_sum(wide), query.dtype)


@_compiled
def _gradients(query, key, scale, gradient):
    if query.shape[1] == 1:
        return _gradients_of_one(query, key, scale, gradient)
    wide, gradient = _wide(scale), _wide(gradient)
    dtype, units = wide.dtype, tf.shape(scale)[0]

    def of_group(half, query, key, gradient):
        def of_query(step, of_key, of_scale, of_query):
            halves = half(query[:, step, None], key)
            slope = halves - halves * halves
            weight = gradient[:, step]
            # A product for each example, which the cores share; one long sum they would not.
            of_query = of_query.write(step, tf.matmul(weight[:, None], slope)[:, 0])
            of_scale += tf.matmul(weight[:, None], halves)[:, 0]
            return step + 1, of_key + slope * weight[..., None], of_scale, of_query

        queries, examples = tf.shape(query)[1], tf.shape(key)[0]
        start = (
            0,
            tf.zeros(tf.shape(key), dtype),
            tf.zeros((examples, units), dtype),
            tf.TensorArray(dtype, queries),
        )
        _, of_key, of_scale, of_query = tf.while_loop(
            lambda step, *_: step < queries, of_query, start, maximum_iterations=queries
        )
        return tf.transpose(of_query.stack(), (1, 0, 2)), of_key, of_scale

    arrays = tuple(map(_padded, (query, key, gradient)))
    of_query, of_key, of_scale = _halved(of_group, arrays, (dtype,) * 3)

    def like(array, padded, tensor):
        tensor = tf.reshape(tensor, tf.shape(padded)) * (4.0 * wide)
        return tf.cast(tf.slice(tensor, (0, 0, 0), tf.shape(array)), array.dtype)

    of_scale = tf.reduce_sum(tf.reshape(of_scale, (-1, units)), axis=0)
    return (
        like(query, arrays[0], of_query),
        like(key, arrays[1], of_key),
        tf.cast(tf.reduce_sum(gradient) - 2.0 * of_scale, scale.dtype),
    )


def _gradients_of_one(query, key, scale, gradient):
    """The gradients of a single query, whose hidden layer is no larger than the keys are."""
    wide, weight = _wide(scale), _wide(gradient)[:, 0]
    hidden = _hidden(query[:, 0], key)
    of_key = wide * (1.0 - hidden * hidden) * weight[..., None]
    of_query = tf.reduce_sum(of_key, axis=1, keepdims=True)
    # A product, as the sum over examples and values is slower by an order of magnitude.
    of_scale = tf.reduce_sum(tf.matmul(weight[:, None], hidden), axis=(0, 1))
    return (
        tf.cast(of_query, query.dtype),
        tf.cast(of_key, key.dtype),
        tf.cast(of_scale, scale.dtype),
    )


def _padded(tensor):
    """At least one of each axis: a loop over nothing does not compile."""
    shape = tf.shape(tensor)
    missing = tf.cast(shape == 0, "int32")
    return tf.pad(tensor, tf.stack([tf.zeros_like(missing), missing], axis=1))


def _hidden(query, key):
    """The hidden layer of one query of each example with all its keys, `(batch, values, units)`."""
    return tf.tanh(_wide(query)[:, None] + _wide(key))


def _by_tangent(query, key):
    return 0.5 - 0.5 * tf.tanh(query + key)


def _by_quotient(query, key):
    return 1.0 / (1.0 + query * key)


def _halved(function, arrays, dtypes):
    """`function(half, query, key, ...)` in groups, with what makes `r` of a query and a key.

    A quotient takes a third of the time of a hyperbolic tangent, if powers are made of the numbers
    once, and none is too large.
    """
    query, key, *others = arrays
    query, key = _wide(query), _wide(key)

    def by_tangent():
        return _in_groups(functools.partial(function, _by_tangent), (query, key, *others), dtypes)

    def by_quotient():
        powers = tf.exp(2.0 * query), tf.exp(2.0 * key)
        return _in_groups(functools.partial(function, _by_quotient), (*powers, *others), dtypes)

    if query.shape[1] is not None and query.shape[1] < MANY:
        return by_tangent()
    small = [tf.reduce_all(tf.abs(array) <= LARGEST) for array in (query, key)]
    return tf.cond(small[0] & small[1], by_quotient, by_tangent)


def _in_groups(function, arrays, dtypes):
    """`function` of as many examples at a time as fit into a tile; the batch as two axes."""
    batch, values, units = tf.unstack(tf.shape(arrays[1]))
    groups = 2 ** tf.range(16)
    fits = (batch % groups == 0) & (values * units <= TILE // groups)
    group = tf.reduce_max(tf.where(fits, groups, 1))

    def split(array):
        shape = tf.shape(array)
        return tf.reshape(array, (batch // group, group, shape[1], shape[2]))

    return tf.map_fn(
        lambda slices: function(*slices), tuple(map(split, arrays)), fn_output_signature=dtypes
    )


def _wide(tensor):
    return tf.cast(tensor, tf.float64 if tensor.dtype == tf.float64 else tf.float32)
