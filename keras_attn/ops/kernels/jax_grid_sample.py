"""The sampler on JAX: one fused gather forward, a gradient that stays in the cache."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

from keras_attn.ops.interpolation import sample_taps

# Up to this many channels the taps of a point are scattered as one row, see `_scatter_rows`.
FEW_CHANNELS = 8


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`, with a gradient of its own (of the first order only)."""
    batch, *sizes, channels = images.shape
    pixels = math.prod(sizes)
    rows = images.reshape(batch * pixels, channels)
    first = jnp.arange(batch, dtype="int32").reshape(-1, *[1] * (grid.ndim - 2)) * pixels
    taps = sample_taps(grid, sizes, interpolation, padding_mode, align_corners)
    if channels > 1:
        # Otherwise the fused loop computes the taps again for each channel.
        taps = lax.optimization_barrier(taps)
    sampled = sum(w[..., None] * _take(rows, first + i).astype(w.dtype) for i, w in taps)
    return sampled.astype(images.dtype)


def _forward(images, grid, *options):
    return grid_sample(images, grid, *options), (images, grid)


def _backward(interpolation, padding_mode, align_corners, saved, gradient):
    images, grid = saved
    batch, *sizes, channels = images.shape

    def weights_of(grid):
        taps = sample_taps(grid, sizes, interpolation, padding_mode, align_corners)
        indices, weights = zip(*taps, strict=True)
        return jnp.stack([w.reshape(batch, -1) for w in weights], axis=-1), indices

    weights, pull_back, indices = jax.vjp(weights_of, grid, has_aux=True)
    indices = jnp.stack([i.reshape(batch, -1) for i in indices], axis=1)
    gradient = gradient.astype(grid.dtype).reshape(batch, -1, channels)
    pixels = images.reshape(batch, -1, channels)

    # Two loops of their own: the compiler drops the one whose result is not asked for.
    grid_gradient = pull_back(_weight_gradient(pixels, indices, gradient))[0]
    if interpolation == "bilinear" and channels <= FEW_CHANNELS:
        scatter = functools.partial(_scatter_rows, sizes)
    else:
        scatter = functools.partial(_scatter_taps, sizes)
    image_gradient = _image_by_image(scatter, indices, weights, gradient)
    return image_gradient.astype(images.dtype).reshape(images.shape), grid_gradient


grid_sample.defvjp(_forward, _backward)


def _weight_gradient(pixels, indices, gradient):
    """`d weight[k, q] = Σ_c pixels[index[k, q], c] · gradient[q, c]`, `(batch, points, taps)`."""
    channels = pixels.shape[-1]
    if channels <= FEW_CHANNELS:
        batch, count = pixels.shape[:2]
        rows = pixels.reshape(-1, channels)
        indices = indices + jnp.arange(batch, dtype="int32")[:, None, None] * count
        terms = [
            _take(rows[:, c], indices).astype(gradient.dtype) * gradient[:, None, :, c]
            for c in range(channels)
        ]
        return jnp.moveaxis(sum(terms), 1, -1)

    def of_image(pixels, indices, gradient):
        product = _take(pixels, indices).astype(gradient.dtype) * gradient
        # A sum over the last axis is not vectorised on CPUs, the same as a product is.
        ones = jnp.ones((channels, 1), gradient.dtype)
        return jnp.matmul(product.reshape(-1, channels), ones).reshape(indices.shape).T

    return _image_by_image(of_image, pixels, indices, gradient)


def _scatter_taps(sizes, indices, weights, gradient):
    """Image gradient of one image: every tap of every point adds a row of channels."""
    updates = weights.T[..., None] * gradient
    image = jnp.zeros((math.prod(sizes), gradient.shape[-1]), gradient.dtype)
    return _add(image, indices.reshape(-1), updates.reshape(-1, gradient.shape[-1]))


def _scatter_rows(sizes, indices, weights, gradient):
    """The same where the taps of a point are neighbours: *all* taps add one row.

    They are collected at the first tap's pixel, `(pixels, taps · channels)`, and moved to
    their pixels by dense sums: a quarter of the scattered rows, and wide enough for vectors.
    """
    pixels, taps, channels = math.prod(sizes), weights.shape[-1], gradient.shape[-1]
    updates = (weights[:, :, None] * gradient[:, None, :]).reshape(-1, taps * channels)
    collected = _add(jnp.zeros((pixels, taps * channels), gradient.dtype), indices[0], updates)
    collected = collected.reshape(pixels, taps, channels)
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    shifts = map(sum, itertools.product(*[(0, stride) for stride in strides]))
    return sum(
        jnp.pad(collected[: max(pixels - shift, 0), tap], ((min(shift, pixels), 0), (0, 0)))
        for tap, shift in enumerate(shifts)
    )


def _image_by_image(function, *arrays):
    """Maps over the batch: on CPUs in a loop, so that what is scattered to stays in the cache."""
    return lax.platform_dependent(
        *arrays,
        cpu=lambda *arrays: lax.map(lambda slices: function(*slices), arrays),
        default=jax.vmap(function),
    )


def _take(rows, indices):
    return rows.at[indices].get(mode="promise_in_bounds")


def _add(rows, indices, updates):
    return rows.at[indices].add(updates, mode="promise_in_bounds")
