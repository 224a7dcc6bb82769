"""The sampler on TensorFlow, compiled by XLA also inside a model that is not."""

import functools
import itertools
import math

import tensorflow as tf
from keras import ops

from keras_attn.ops.interpolation import axis_taps, combine, without_nan

# Up to this many channels the taps of a point are scattered as one row, see `_scatter_rows`.
FEW_CHANNELS = 8

# Stages compiled one by one: fused into one, XLA would compute the taps again at each use.
_stage = functools.partial(tf.function, jit_compile=True, autograph=False)


def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`, with a gradient of its own (of the first order only)."""
    options = (interpolation, padding_mode, align_corners)

    @tf.custom_gradient
    def sample(images, grid):
        indices, weights = _taps(images, grid, *options)

        def backward(gradient):
            image_gradient = _image_gradient(images, indices, weights, gradient, interpolation)
            products = _products(images, indices, weights, gradient)
            return image_gradient, _grid_gradient(images, grid, products, *options)

        return _gather(images, grid, indices, weights), backward

    return sample(images, grid)


@_stage
def _taps(images, grid, *options):
    """Indices and weights along each axis, `(batch, points)`."""
    batch, points = tf.shape(grid)[0], tf.reduce_prod(tf.shape(grid)[1:-1])
    coordinates = tf.reshape(without_nan(grid), (batch, points, grid.shape[-1]))
    axes = axis_taps(tf.unstack(coordinates, axis=-1), ops.shape(images)[1:-1], *options)
    return [[i for i, _ in taps] for taps in axes], [[w for _, w in taps] for taps in axes]


@_stage
def _gather(images, grid, indices, weights):
    rows, first = _rows(images)
    sampled = sum(
        weight[..., None] * tf.cast(tf.gather(rows, first + index), weight.dtype)
        for index, weight in _combine(images, indices, weights)
    )
    shape = tf.concat([tf.shape(grid)[:-1], tf.shape(images)[-1:]], axis=0)
    return tf.reshape(tf.cast(sampled, images.dtype), shape)


@_stage
def _products(images, indices, weights, gradient):
    """Gradient of the weight of each tap, `Σ_c image[index[q], c] · gradient[q, c]`."""
    dtype, channels = weights[0][0].dtype, images.shape[-1]
    gradient = _points(gradient, dtype)
    indices = [index for index, _ in _combine(images, indices, weights)]
    if channels is not None and channels <= FEW_CHANNELS:
        rows, first = _rows(images)
        return [
            sum(
                tf.cast(tf.gather(rows[:, c], first + index), dtype) * gradient[..., c]
                for c in range(channels)
            )
            for index in indices
        ]
    # A sum over the last axis is not vectorised on CPUs, the same as a product is.
    ones = tf.ones((tf.shape(images)[-1], 1), dtype)

    def of_image(slices):
        pixels, gradient, indices = slices
        return [
            tf.matmul(tf.cast(tf.gather(pixels, i), dtype) * gradient, ones)[:, 0] for i in indices
        ]

    slices = (_points(images, images.dtype), gradient, indices)
    return _image_by_image(of_image, slices, [dtype] * len(indices))


@_stage
def _grid_gradient(images, grid, products, *options):
    with tf.GradientTape() as tape:
        tape.watch(grid)
        indices, weights = _taps.python_function(images, grid, *options)
        weights = [weight for _, weight in _combine(images, indices, weights)]
    return tape.gradient(weights, grid, output_gradients=products)


@_stage
def _image_gradient(images, indices, weights, gradient, interpolation):
    channels = images.shape[-1]
    neighbours = interpolation == "bilinear" and channels is not None and channels <= FEW_CHANNELS
    scatter = functools.partial(_scatter_rows if neighbours else _scatter_taps, images)
    dtype = weights[0][0].dtype
    slices = (indices, weights, _points(gradient, dtype))
    image_gradient = _image_by_image(lambda slices: scatter(*slices), slices, dtype)
    return tf.reshape(tf.cast(image_gradient, images.dtype), tf.shape(images))


def _scatter_taps(images, indices, weights, gradient):
    """Image gradient of one image: every tap of every point adds a row of channels."""
    shape = tf.shape(images)
    taps = _combine(images, indices, weights)
    return tf.tensor_scatter_nd_add(
        tf.zeros((tf.reduce_prod(shape[1:-1]), shape[-1]), gradient.dtype),
        tf.concat([index for index, _ in taps], axis=0)[:, None],
        tf.concat([weight[:, None] * gradient for _, weight in taps], axis=0),
    )


def _scatter_rows(images, indices, weights, gradient):
    """The same where the taps of a point are neighbours: *all* taps add one row.

    The rows are collected at the first tap's pixel and moved to their pixels by dense sums: a
    quarter of the scattered rows, and wide enough for vectors.
    """
    sizes, channels = ops.shape(images)[1:-1], images.shape[-1]
    pixels, points = math.prod(sizes), tf.shape(gradient)[0]
    updates = gradient[:, None, :]
    for low, high in reversed(weights):
        # `[low, high]` as a sum, which unlike a stack is a vector operation.
        pair = low[:, None] * tf.constant([1, 0], low.dtype)
        pair += high[:, None] * tf.constant([0, 1], low.dtype)
        updates = pair[:, :, None, None] * updates[:, None]
        updates = tf.reshape(updates, (points, math.prod(updates.shape[1:-1]), channels))
    width = updates.shape[1] * channels
    first = combine([[(low, 1)] for low, _ in indices], sizes)[0][0]
    collected = tf.tensor_scatter_nd_add(
        tf.zeros((pixels, width), updates.dtype),
        first[:, None],
        tf.reshape(updates, (points, width)),
    )
    collected = tf.reshape(collected, (pixels, -1, channels))
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    shifts = map(sum, itertools.product(*[(0, stride) for stride in strides]))
    return sum(
        tf.pad(collected[:, tap], ((shift, 0), (0, 0)))[:pixels] for tap, shift in enumerate(shifts)
    )


def _image_by_image(function, slices, dtype):
    """Maps over the batch: on CPUs in a loop, so that what is scattered to stays in the cache."""
    if tf.config.list_logical_devices("GPU"):
        return tf.vectorized_map(function, slices)
    return tf.map_fn(function, slices, fn_output_signature=dtype)


def _rows(images):
    """All pixels of the batch as rows, and where each image begins, `(batch, 1)`."""
    shape = tf.shape(images)
    first = tf.range(shape[0])[:, None] * tf.reduce_prod(shape[1:-1])
    return tf.reshape(images, (-1, shape[-1])), first


def _points(tensor, dtype):
    """The axes between the batch and the channels as one."""
    shape = tf.shape(tensor)
    return tf.reshape(tf.cast(tensor, dtype), (shape[0], -1, tensor.shape[-1] or shape[-1]))


def _combine(images, indices, weights):
    axes = [list(zip(*taps, strict=True)) for taps in zip(indices, weights, strict=True)]
    return combine(axes, ops.shape(images)[1:-1])
