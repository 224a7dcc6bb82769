"""Additive scores on TensorFlow: the hidden layer is made again for the gradient, never stored.

Compiled by XLA also inside a model that is not; a few rows at a time, each sum in a loop of its
own. What is made is `r = σ(-2(q + k))`, of which the hidden layer is `tanh(q + k) = 1 - 2r` and its
slope `4(r - r²)`.
"""

import functools

import tensorflow as tf

from keras_attn.ops.alignment_scores import plain_additive_scores
from keras_attn.ops.kernels.tensorflow_export import exports_to_onnx
from keras_attn.ops.kernels.tensorflow_gradients import (
    refuse_second_derivative,
    unseen,
    values,
    with_shape,
)

# Rows that are added to a sum at a time, an even number: it is read and written once for them. So
# many slices are more than XLA moves into a sum, where they would stop vector instructions.
ROWS = 16
# Up to it the product of two quotients' denominators is no infinity.
LARGEST = 22.0

_compiled = functools.partial(tf.function, jit_compile=True, autograph=False)


def additive_scores(query, key, scale):
    """Equals `plain_additive_scores`, with a gradient of its own, of the first order only."""
    tensors = values(query, key, scale)
    if exports_to_onnx():
        return plain_additive_scores(*tensors)

    @tf.custom_gradient
    def gradients(*tensors):
        found = map(with_shape, _gradients(*unseen(*tensors)), [each.shape for each in tensors[:3]])
        return tuple(found), refuse_second_derivative("additive_scores")

    @tf.custom_gradient
    def scores(*copies):
        # Not of the copies: in a loop over queries each step would keep its copy of the keys.
        found = with_shape(_scores(*unseen(*copies)), (*query.shape[:2], key.shape[1]))
        return found, lambda gradient: gradients(*tensors, gradient)

    return scores(*tensors)


@_compiled
def _scores(query, key, scale):
    wide = _wide(scale)

    def scores(halves, query, key):
        # Units first.
        query, key = (tf.transpose(each, (2, 0, 1)) for each in (query, key))

        def add(sums, query, key, weight):
            # Of two units: (batch, queries, values).
            first, second = halves(query[:, :, :, None], key[:, :, None])
            return sums + (weight[0] * first + weight[1] * second)

        start = tf.zeros((*_shape(query)[1:], _shape(key)[2]), wide.dtype)
        return _in_pairs(add, start, query, key, -2.0 * wide)

    if query.shape[1] == 1:
        halves = _halves_of_one(query, key)
        # A sum over the last axis is not vectorised, the same as a product is.
        found = tf.matmul(halves, -2.0 * wide[:, None])[:, None, :, 0]
    else:
        found = _of_halves(scores, query, key)
    return tf.cast(found + tf.reduce_sum(wide), query.dtype)


@_compiled
def _gradients(query, key, scale, gradient):
    wide, gradient = _wide(scale), _wide(gradient)
    if query.shape[1] == 1:
        halves = _halves_of_one(query, key)
        slope = halves - halves * halves
        # A product for each example, which the cores share; one long sum they would not.
        of_query, of_scale = (tf.matmul(gradient, each) for each in (slope, halves))
        of_key = slope * tf.transpose(gradient, (0, 2, 1))
    else:
        of_query, of_key, of_scale = _of_halves(_sums, query, key, gradient)
    return (
        tf.cast(of_query * (4.0 * wide), query.dtype),
        tf.cast(of_key * (4.0 * wide), key.dtype),
        tf.cast(tf.reduce_sum(gradient) - 2.0 * tf.reduce_sum(of_scale, axis=(0, 1)), scale.dtype),
    )


def _sums(halves, query, key, gradient):
    def slopes(rows, others):
        return [half - half * half for half in halves(rows, others)]

    # Queries first, and values.
    query, key = (tf.transpose(each, (1, 0, 2)) for each in (query, key))
    of_queries, of_values = (tf.transpose(gradient, axes) for axes in ((1, 2, 0), (2, 1, 0)))
    found = (
        _weighted_sum(slopes, query, key, of_values),
        _weighted_sum(slopes, key, query, of_queries),
        _weighted_sum(halves, query, key, of_values),
    )
    return tuple(tf.transpose(each, (1, 0, 2)) for each in found)


def _weighted_sum(function, still, moving, weights):
    """`sum_m weights[m, s, b] function(moving[m, b], still[s, b])`, as `(s, b, units)`."""

    def add(sums, moving, weights):
        first, second = function(moving[:, None], (still, still))
        weights = weights[..., None]
        return sums + (weights[0] * first + weights[1] * second)

    return _in_pairs(add, tf.zeros(_shape(still), weights.dtype), moving, weights)


def _in_pairs(add, start, *arrays):
    """`start`, and what `add(sums, *slices)` adds for any two rows of the arrays."""
    count = arrays[0].shape[0]
    # The next even number, up to the most.
    rows = ROWS if count is None else max(2, min(ROWS, count + count % 2))
    count = _shape(arrays[0])[0]
    # One at least: there is no slice of nothing.
    steps = tf.maximum((count + rows - 1) // rows, 1)
    missing = steps * rows - count
    arrays = [tf.pad(each, [(0, missing)] + [(0, 0)] * (each.shape.rank - 1)) for each in arrays]

    def step(index, sums):
        slices = [
            tf.slice(each, [index * rows] + [0] * (each.shape.rank - 1), [rows, *_shape(each)[1:]])
            for each in arrays
        ]
        for row in range(0, rows, 2):
            sums = add(sums, *(each[row : row + 2] for each in slices))
        return index + 1, tf.ensure_shape(sums, start.shape)

    return tf.while_loop(
        lambda index, _: index < steps, step, (0, start), maximum_iterations=steps
    )[1]


def _of_halves(function, query, key, *others):
    """`function(halves, query, key, *others)`, with what makes two rows of `r`.

    A quotient takes a third of the time of a hyperbolic tangent, and two can share one, if powers
    are made of the numbers once, and none is too large.
    """
    query, key = _wide(query), _wide(key)

    def by_quotient():
        return function(_by_quotient, tf.exp(2.0 * query), tf.exp(2.0 * key), *others)

    largest = sum(tf.reduce_max(tf.abs(array)) for array in (query, key))
    return tf.cond(
        largest <= LARGEST, by_quotient, lambda: function(_by_tangent, query, key, *others)
    )


def _by_tangent(rows, others):
    return [0.5 - 0.5 * tf.tanh(row + other) for row, other in _pairs(rows, others)]


def _by_quotient(rows, others):
    first, second = (1.0 + row * other for row, other in _pairs(rows, others))
    quotient = 1.0 / (first * second)
    return second * quotient, first * quotient


def _pairs(rows, others):
    return (rows[0], others[0]), (rows[1], others[1])


def _halves_of_one(query, key):
    """Computes the halves for a single query, whose hidden layer is no larger than the keys."""
    return 0.5 - 0.5 * tf.tanh(_wide(query) + _wide(key))


def _shape(tensor):
    """The sizes that are known, and tensors of the others."""
    sizes = tf.shape(tensor)
    return [sizes[axis] if size is None else size for axis, size in enumerate(tensor.shape)]


def _wide(tensor):
    return tf.cast(tensor, tf.float64 if tensor.dtype == tf.float64 else tf.float32)
