"""The sampler on TensorFlow, compiled by XLA also inside a model that is not."""

import functools
import itertools
import math

import tensorflow as tf
from keras import ops

from keras_attn.ops.grid_sample import plain_grid_sample
from keras_attn.ops.interpolation import axis_taps, combine, without_nan
from keras_attn.ops.kernels.tensorflow_export import exports_to_onnx
from keras_attn.ops.kernels.tensorflow_gradients import (
    refuse_second_derivative,
    unseen,
    values,
    with_shape,
)

# Up to this many channels each is worked on by itself, see `_scatter_planes`.
FEW_CHANNELS = 8

# Numbers that the gradient of a group of images may need at a time, see `_in_groups`.
GROUP = 2**20

_compiled = functools.partial(tf.function, jit_compile=True, autograph=False)


def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`, with a gradient of its own, of the first order only."""
    options = (interpolation, padding_mode, align_corners)
    if exports_to_onnx():
        return plain_grid_sample(*values(images, grid), *options)

    @tf.custom_gradient
    def sample(images, grid):
        def backward(gradient):
            return gradients(images, grid, gradient)

        sampled = _sample(*unseen(images, grid), *options)
        return with_shape(sampled, (*grid.shape[:-1], images.shape[-1])), backward

    @tf.custom_gradient
    def gradients(images, grid, gradient):
        tensors = unseen(images, grid, gradient)
        of_images = with_shape(_image_gradient(*tensors, *options), images.shape)
        of_grid = with_shape(_grid_gradient(*tensors, *options), grid.shape)
        return (of_images, of_grid), refuse_second_derivative("grid_sample")

    return sample(*values(images, grid))


@_compiled
def _sample(images, grid, *options):
    rows, first = _rows(images)
    axes = axis_taps(_coordinates(grid), ops.shape(images)[1:-1], *options)
    sampled = sum(
        weight[..., None] * tf.cast(tf.gather(rows, first + index), grid.dtype)
        for index, weight in combine(axes, ops.shape(images)[1:-1])
    )
    shape = tf.concat([tf.shape(grid)[:-1], tf.shape(images)[-1:]], axis=0)
    return tf.reshape(tf.cast(sampled, images.dtype), shape)


# === Gradient of the grid ===


@_compiled
def _grid_gradient(images, grid, gradient, *options):
    """`Σ_k ∂weight_k/∂coordinate · Σ_c image[index_k, c] · gradient[c]`."""
    coordinates = _coordinates(grid)
    gradient = _points(gradient, grid.dtype)

    def of_group(images, coordinates, gradient):
        # What has one output is compiled into one loop, so two coordinates leave it as one
        # complex number.
        parts = []
        for pair in range(0, len(coordinates), 2):
            complex_number = _apart(
                lambda pair=pair: _gradient_pair(images, coordinates, gradient, options, pair),
                tf.shape(coordinates[0]),
                tf.complex128 if grid.dtype == tf.float64 else tf.complex64,
                coordinates,
            )
            parts += [tf.math.real(complex_number), tf.math.imag(complex_number)]
        return _interleaved(parts[: len(coordinates)])

    numbers = _numbers(images) + _numbers(gradient)
    found = _in_groups(of_group, numbers, (images, coordinates, gradient), grid.dtype)
    found = tf.reshape(found[: tf.size(grid)], tf.shape(grid))
    return tf.where(tf.math.is_finite(grid), found, tf.zeros_like(found))


def _gradient_pair(images, coordinates, gradient, options, pair):
    sizes, channels = ops.shape(images)[1:-1], images.shape[-1]
    rows, first = _rows(images)

    def product(index):
        if channels is not None and channels <= FEW_CHANNELS:
            planes = [tf.gather(rows[:, c], first + index) for c in range(channels)]
            return sum(
                tf.cast(plane, gradient.dtype) * gradient[..., c] for c, plane in enumerate(planes)
            )
        # A sum over the last axis is not vectorised on CPUs, the same as a product is.
        ones = tf.ones((tf.shape(images)[-1], 1), gradient.dtype)
        products = tf.cast(tf.gather(rows, first + index), gradient.dtype) * gradient
        if tf.config.list_logical_devices("GPU"):
            # There a product would be rounded to fewer digits.
            return tf.reduce_sum(products, axis=-1)
        return tf.matmul(products, ones)[..., 0]

    with tf.GradientTape() as tape:
        tape.watch(coordinates)
        taps = combine(axis_taps(coordinates, sizes, *options), sizes)
        weights = [weight for _, weight in taps]
    products = [product(index) for index, _ in taps]
    found = tape.gradient(weights, coordinates[pair : pair + 2], output_gradients=products)
    found += [tf.zeros_like(found[0])] * (2 - len(found))
    return tf.complex(*found)


# === Gradient of the images ===


@_compiled
def _image_gradient(images, grid, gradient, *options):
    channels, sizes = images.shape[-1], ops.shape(images)[1:-1]
    neighbours = options[0] == "bilinear" and channels is not None and channels <= FEW_CHANNELS
    scatter = _scatter_planes if neighbours else _scatter_taps
    coordinates = _coordinates(grid)
    gradient = _points(gradient, grid.dtype)
    numbers = 4 * (_numbers(images) + _numbers(gradient))

    def of_group(coordinates, gradient):
        return _apart(
            lambda: scatter(axis_taps(coordinates, sizes, *options), sizes, gradient),
            (tf.shape(gradient)[0] * math.prod(sizes), tf.shape(gradient)[-1]),
            gradient.dtype,
            coordinates,
        )

    found = _in_groups(of_group, numbers, (coordinates, gradient), grid.dtype)
    found = tf.reshape(found[: tf.size(images)], tf.shape(images))
    return tf.cast(found, images.dtype)


def _scatter_planes(axes, sizes, gradient):
    """Image gradient of few channels, where the taps of a point are neighbours.

    For each channel *all* taps of a point add one row at the first tap's pixel, wide enough for
    vectors; the columns are then moved to their pixels by dense sums.
    """
    first = _first(gradient, sizes) + combine([[(low, 1)] for (low, _), _ in axes], sizes)[0][0]
    weights = [weight for _, weight in combine(axes, sizes)]
    pixels = tf.shape(gradient)[0] * math.prod(sizes)
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    shifts = list(map(sum, itertools.product(*[(0, stride) for stride in strides])))

    def plane(gradient):
        updates = _interleaved([weight * gradient for weight in weights])
        collected = _add(tf.zeros((pixels, len(weights)), updates.dtype), first, updates)
        return sum(
            tf.pad(collected[:, tap], ((shift, 0),))[:pixels] for tap, shift in enumerate(shifts)
        )

    return _interleaved([plane(gradient[..., c]) for c in range(gradient.shape[-1])])


def _scatter_taps(axes, sizes, gradient):
    """Image gradient: every tap of every point adds a row of channels."""
    first = _first(gradient, sizes)
    pixels = tf.shape(gradient)[0] * math.prod(sizes)
    image = tf.zeros((pixels, tf.shape(gradient)[-1]), gradient.dtype)
    for index, weight in combine(axes, sizes):
        image = _add(image, first + index, weight[..., None] * gradient)
    return image


# === What the compiler needs ===


def _in_groups(function, numbers, arrays, dtype):
    """`function` of arrays whose first axis is the batch, on CPUs in a loop over groups of images.

    A group is as large as the cache, and the system's patience with large allocations, allow.

    Args:
        function: takes the arrays of a group, gives one array of any shape.
        numbers: how many numbers it needs for an image.

    Returns:
        All the numbers that it gives, as one axis; those of one image for an empty batch.
    """
    if tf.config.list_logical_devices("GPU"):
        return function(*arrays)
    # A loop over nothing does not compile.
    missing = tf.cast(tf.shape(arrays[-1])[0] == 0, "int32")
    arrays = tf.nest.map_structure(
        lambda array: tf.pad(array, [[0, missing]] + [[0, 0]] * (len(array.shape) - 1)), arrays
    )
    batch = tf.shape(arrays[-1])[0]
    groups = 2 ** tf.range(12)
    fits = (batch % groups == 0) & (numbers <= GROUP // groups)
    group = tf.reduce_max(tf.where(fits, groups, 1))

    def split(array):
        shape = tf.shape(array)
        return tf.reshape(array, tf.concat([[batch // group, group], shape[1:]], axis=0))

    def join(slices):
        return function(*slices)

    def loop():
        slices = tf.nest.map_structure(split, arrays)
        return tf.reshape(tf.map_fn(join, slices, fn_output_signature=dtype), (-1,))

    # The compiler knows the sizes, so it keeps one of the two.
    whole = numbers <= GROUP // tf.maximum(batch, 1)
    return tf.cond(whole, lambda: tf.reshape(function(*arrays), (-1,)), loop)


def _apart(function, shape, dtype, coordinates):
    """`function()`, on CPUs not fused with what comes before and after.

    Fused, a value is computed again at each of its uses. XLA does not fuse across a conditional.

    Args:
        shape, dtype: of what it gives.
        coordinates: without NaN.
    """
    if tf.config.list_logical_devices("GPU"):
        return function()
    # Always true, as NaN has been taken out, but the compiler cannot know it.
    always = tf.reduce_max(tf.reshape(coordinates[0], (-1,))[:1]) <= math.inf
    return tf.cond(always, function, lambda: tf.zeros(shape, dtype))


def _interleaved(parts):
    """The parts along a new last axis: a sum, which unlike a stack is a vector operation."""
    if len(parts) == 1:
        return parts[0][..., None]
    places = tf.range(len(parts))
    zero = tf.zeros((), parts[0].dtype)
    return sum(tf.where(places == k, part[..., None], zero) for k, part in enumerate(parts))


def _add(rows, indices, updates):
    updates = tf.reshape(updates, (-1, tf.shape(updates)[-1]))
    return tf.tensor_scatter_nd_add(rows, tf.reshape(indices, (-1, 1)), updates)


def _rows(images):
    """All pixels of the batch as rows, and where each image begins, `(batch, 1)`."""
    return tf.reshape(images, (-1, tf.shape(images)[-1])), _first(images, ops.shape(images)[1:-1])


def _numbers(batch):
    """Number of elements of one example of the batch."""
    return tf.reduce_prod(tf.shape(batch)[1:])


def _first(batch, sizes):
    return tf.range(tf.shape(batch)[0])[:, None] * math.prod(sizes)


def _points(tensor, dtype):
    """The axes between the batch and the channels as one."""
    shape = tf.shape(tensor)
    points = tf.reduce_prod(shape[1:-1])
    tensor = tf.reshape(tf.cast(tensor, dtype), (shape[0], points, shape[-1]))
    return tf.ensure_shape(tensor, (None, None, tensor.shape[-1]))


def _coordinates(grid):
    """One `(batch, points)` for each coordinate."""
    return tf.unstack(_points(without_nan(grid), grid.dtype), axis=-1)
