"""The sampler on JAX: one fused gather forward, a gradient that stays in the cache."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

from keras_attn.ops.interpolation import axis_taps, combine, without_nan

# Up to this many channels the taps of a point are scattered as one row, see `_scatter_rows`.
FEW_CHANNELS = 8


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`, with a gradient of its own (of the first order only)."""
    sizes = images.shape[1:-1]
    axes = axis_taps(_coordinates(grid), sizes, interpolation, padding_mode, align_corners)
    rows, first = _rows(images)
    first = first.reshape(-1, *[1] * (grid.ndim - 2))
    sampled = sum(
        weight[..., None] * _take(rows, first + index).astype(grid.dtype)
        for index, weight in combine(axes, sizes)
    )
    return sampled.astype(images.dtype)


def _forward(images, grid, *options):
    return grid_sample(images, grid, *options), (images, grid)


def _backward(interpolation, padding_mode, align_corners, saved, gradient):
    images, grid = saved
    batch, *sizes, channels = images.shape

    def weights_of(coordinates):
        axes = axis_taps(coordinates, sizes, interpolation, padding_mode, align_corners)
        return [[w for _, w in taps] for taps in axes], [[i for i, _ in taps] for taps in axes]

    def pull_back(coordinates, products):
        """From the gradients of all taps' weights to those of the coordinates."""

        def weights(coordinates):
            weights, indices = weights_of(coordinates)
            return [weight for _, weight in combine(_pairs(indices, weights), sizes)]

        return jax.vjp(weights, coordinates)[1](products)[0]

    coordinates = [x.reshape(batch, -1) for x in _coordinates(grid)]
    weights, indices = _staged(weights_of, coordinates)
    gradient = gradient.astype(grid.dtype).reshape(batch, -1, channels)
    rows, first = _rows(images)

    def of_few_channels(coordinates, first, gradient):
        weights, indices = weights_of(coordinates)
        taps = combine(_pairs(indices, weights), sizes)
        return pull_back(coordinates, [_products(rows, first + i, gradient) for i, _ in taps])

    # The two gradients share no loop but that of the taps: the compiler drops the one that
    # nobody asks for.
    if channels <= FEW_CHANNELS:
        grid_gradient = _staged(of_few_channels, coordinates, first, gradient)
    else:
        taps = [index for index, _ in combine(_pairs(indices, weights), sizes)]
        pixels = images.reshape(batch, -1, channels)
        products = _image_by_image(_all_products, pixels, taps, gradient)
        grid_gradient = _staged(pull_back, coordinates, products)
    grid_gradient = jnp.stack(grid_gradient, axis=-1).reshape(grid.shape)
    grid_gradient = jnp.where(jnp.isfinite(grid), grid_gradient, 0.0)

    neighbours = interpolation == "bilinear" and channels <= FEW_CHANNELS
    scatter = functools.partial(_scatter_rows if neighbours else _scatter_taps, sizes)
    image_gradient = _image_by_image(scatter, indices, weights, gradient)
    return image_gradient.astype(images.dtype).reshape(images.shape), grid_gradient


grid_sample.defvjp(_forward, _backward)


def _products(rows, index, gradient):
    """Gradient of a tap's weight, `Σ_c rows[index[q], c] · gradient[q, c]`."""
    return sum(
        _take(rows[:, c], index).astype(gradient.dtype) * gradient[..., c]
        for c in range(rows.shape[-1])
    )


def _all_products(pixels, indices, gradient):
    """The same of all taps of an image, for many channels."""
    # A sum over the last axis is not vectorised on CPUs, the same as a product is.
    ones = jnp.ones((pixels.shape[-1], 1), gradient.dtype)
    return [
        jnp.matmul(_take(pixels, index).astype(gradient.dtype) * gradient, ones)[:, 0]
        for index in indices
    ]


def _scatter_taps(sizes, indices, weights, gradient):
    """Image gradient of one image: every tap of every point adds a row of channels."""
    index, weight = map(jnp.stack, zip(*combine(_pairs(indices, weights), sizes), strict=True))
    updates = weight[..., None] * gradient
    image = jnp.zeros((math.prod(sizes), gradient.shape[-1]), gradient.dtype)
    return _add(image, index.reshape(-1), updates.reshape(-1, gradient.shape[-1]))


def _scatter_rows(sizes, indices, weights, gradient):
    """The same where the taps of a point are neighbours: *all* taps add one row.

    The rows are collected at the first tap's pixel and moved to their pixels by dense sums: a
    quarter of the scattered rows, and wide enough for vectors.
    """
    pixels, channels = math.prod(sizes), gradient.shape[-1]
    updates = gradient[:, None, :]
    for low, high in reversed(weights):
        # `[low, high]` as a sum, which unlike a stack is a vector operation.
        pair = low[:, None] * jnp.array([1, 0], low.dtype) + high[:, None] * jnp.array(
            [0, 1], low.dtype
        )
        updates = pair[:, :, None, None] * updates[:, None]
        updates = updates.reshape(len(low), -1, channels)
    updates = updates.reshape(len(low), -1)
    first = combine([[(low, 1)] for low, _ in indices], sizes)[0][0]
    collected = _add(jnp.zeros((pixels, updates.shape[-1]), updates.dtype), first, updates)
    collected = collected.reshape(pixels, -1, channels)
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    shifts = map(sum, itertools.product(*[(0, stride) for stride in strides]))
    return sum(
        jnp.pad(collected[: max(pixels - shift, 0), tap], ((min(shift, pixels), 0), (0, 0)))
        for tap, shift in enumerate(shifts)
    )


def _staged(function, *arrays):
    """`function` of arrays whose first axis is the batch, on CPUs in a loop over two halves.

    What a loop has written, the next reads. Fused into one, XLA would compute the taps again
    at each of their uses; on CPUs it does not keep `optimization_barrier` until then.
    """
    batch = jax.tree.leaves(arrays)[0].shape[0]
    if batch % 2:
        return function(*arrays)

    def in_halves(*arrays):
        halves = jax.tree.map(lambda a: a.reshape(2, batch // 2, *a.shape[1:]), arrays)
        results = lax.map(lambda half: function(*half), halves)
        return jax.tree.map(lambda a: a.reshape(batch, *a.shape[2:]), results)

    return lax.platform_dependent(*arrays, cpu=in_halves, default=function)


def _image_by_image(function, *arrays):
    """Maps over the batch: on CPUs in a loop, so that what is scattered to stays in the cache."""
    return lax.platform_dependent(
        *arrays,
        cpu=lambda *arrays: lax.map(lambda slices: function(*slices), arrays),
        default=jax.vmap(function),
    )


def _take(rows, indices):
    # Unsigned indices spare a look at whether they count from the end.
    return rows.at[indices.astype("uint32")].get(mode="promise_in_bounds")


def _add(rows, indices, updates):
    return rows.at[indices.astype("uint32")].add(updates, mode="promise_in_bounds")


def _rows(images):
    """All pixels of the batch as rows, and where each image begins, `(batch, 1)`."""
    batch, *sizes, channels = images.shape
    pixels = math.prod(sizes)
    first = jnp.arange(batch, dtype="int32")[:, None] * pixels
    return images.reshape(batch * pixels, channels), first


def _pairs(indices, weights):
    return [list(zip(*taps, strict=True)) for taps in zip(indices, weights, strict=True)]


def _coordinates(grid):
    grid = without_nan(grid)
    return [grid[..., axis] for axis in range(grid.shape[-1])]
