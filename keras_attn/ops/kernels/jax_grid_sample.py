"""The sampler on JAX: one fused gather forward, a gradient that stays in the cache."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

from keras_attn.ops.interpolation import axis_taps, combine, without_nan
from keras_attn.ops.known import known

# Up to this many channels each is worked on by itself, see `_scatter_planes`.
FEW_CHANNELS = 8

# Numbers that the gradient of a group of images may need at a time, see `_in_groups`.
GROUP = 2**20


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`, with a gradient of its own, for reverse mode only."""
    sizes, channels = images.shape[1:-1], images.shape[-1]
    axes = axis_taps(_coordinates(grid), sizes, interpolation, padding_mode, align_corners)
    rows, first = _rows(images)
    sampled = sum(
        weight[..., None] * _take(rows, first + index).astype(grid.dtype)
        for index, weight in combine(axes, sizes)
    )
    return sampled.astype(images.dtype).reshape(*grid.shape[:-1], channels)


def _forward(images, grid, *options):
    # JAX passes NumPy arrays to the rule unconverted.
    images, grid = jnp.asarray(images), jnp.asarray(grid)
    return grid_sample(images, grid, *options), (images, grid)


def _backward(interpolation, padding_mode, align_corners, saved, gradient):
    images, grid = saved
    sizes, channels = images.shape[1:-1], images.shape[-1]
    coordinates = _coordinates(grid)
    gradient = gradient.astype(grid.dtype).reshape(*coordinates[0].shape, channels)
    numbers = math.prod(images.shape[1:]) + math.prod(gradient.shape[1:])

    def taps(coordinates):
        return axis_taps(coordinates, sizes, interpolation, padding_mode, align_corners)

    # The two share nothing: the compiler drops the one that nobody asks for.
    of_grid = functools.partial(_grid_gradient, taps)
    grid_gradient = _in_groups(of_grid, numbers, coordinates, gradient, images).reshape(grid.shape)
    grid_gradient = jnp.where(jnp.isfinite(grid), grid_gradient, 0.0)

    neighbours = interpolation == "bilinear" and channels <= FEW_CHANNELS
    scatter = _scatter_planes if neighbours else _scatter_taps
    of_images = functools.partial(scatter, taps, sizes)
    image_gradient = _in_groups(of_images, 4 * numbers, coordinates, gradient)
    return image_gradient.astype(images.dtype).reshape(images.shape), grid_gradient


grid_sample.defvjp(_forward, _backward)


def _grid_gradient(taps, coordinates, gradient, images):
    """`Σ_k ∂weight_k/∂coordinate · Σ_c image[index_k, c] · gradient[c]`, coordinates last."""
    sizes, channels = images.shape[1:-1], images.shape[-1]
    rows, first = _rows(images)

    def product(index):
        if channels <= FEW_CHANNELS:
            planes = [_take(rows[:, c], first + index) for c in range(channels)]
            return sum(plane * gradient[..., c] for c, plane in enumerate(planes))
        # A sum over the last axis is not vectorised on CPUs, the same as a product is.
        ones = jnp.ones((channels, 1), gradient.dtype)
        products = _take(rows, first + index) * gradient
        return jnp.matmul(products, ones, precision="highest")[..., 0]

    def weights(coordinates):
        return [weight for _, weight in combine(taps(coordinates), sizes)]

    def pull_back(coordinates):
        products = [product(index) for index, _ in combine(taps(coordinates), sizes)]
        return jax.vjp(weights, coordinates)[1](products)[0]

    def in_pairs(coordinates):
        # What has one output is compiled into one loop, so two coordinates leave it as one
        # complex number.
        found = pull_back(coordinates)
        found += [jnp.zeros_like(found[0])] * (len(found) % 2)
        return list(map(lax.complex, found[::2], found[1::2]))

    pairs = _apart(in_pairs, coordinates, coordinates)
    parts = [part for pair in pairs for part in (pair.real, pair.imag)]
    return _interleaved(parts[: len(coordinates)])


def _scatter_planes(taps, sizes, coordinates, gradient):
    """Image gradient of few channels, where the taps of a point are neighbours.

    For each channel *all* taps of a point add one row at the first tap's pixel, wide enough for
    vectors; the columns are then moved to their pixels by dense sums.
    """
    axes = taps(coordinates)
    batch = gradient.shape[0]
    first = _first(batch, sizes) + combine([[(low, 1)] for (low, _), _ in axes], sizes)[0][0]
    weights = [weight for _, weight in combine(axes, sizes)]
    pixels = batch * math.prod(sizes)
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    shifts = list(map(sum, itertools.product(*[(0, stride) for stride in strides])))

    def plane(gradient):
        updates = _interleaved([weight * gradient for weight in weights])
        collected = _add(jnp.zeros((pixels, len(weights)), updates.dtype), first, updates)
        return sum(
            jnp.pad(collected[:, tap], (shift, 0))[:pixels] for tap, shift in enumerate(shifts)
        )

    planes = [plane(gradient[..., c]) for c in range(gradient.shape[-1])]
    return _interleaved(planes).reshape(batch, *sizes, len(planes))


def _scatter_taps(taps, sizes, coordinates, gradient):
    """Image gradient: every tap of every point adds a row of channels."""
    batch, _, channels = gradient.shape
    image = jnp.zeros((batch * math.prod(sizes), channels), gradient.dtype)
    first = _first(batch, sizes)
    for index, weight in combine(taps(coordinates), sizes):
        image = _add(image, first + index, weight[..., None] * gradient)
    return image.reshape(batch, *sizes, channels)


def _in_groups(function, numbers, coordinates, *arrays):
    """`function` of arrays whose first axis is the batch, on CPUs in a loop over groups of images.

    A group is as large as the cache, and the system's patience with large allocations, allow.

    Args:
        function: takes coordinates and arrays, returns what has the batch first.
        numbers: how many numbers it needs for an image.
        coordinates: without NaN.
    """
    batch = coordinates[0].shape[0]
    arrays = (coordinates, *arrays)
    if not known(batch, numbers) or batch < 2 or batch * numbers <= GROUP:
        return _apart(function, coordinates, *arrays)
    group = max(n for n in range(1, batch) if batch % n == 0 and (n == 1 or n * numbers <= GROUP))

    def loop(*arrays):
        groups = jax.tree.map(lambda a: a.reshape(batch // group, group, *a.shape[1:]), arrays)
        # Apart, because slices that are fused into what uses them are not vectorised.
        results = lax.map(lambda arrays: _apart(function, arrays[0], *arrays), groups)
        return jax.tree.map(lambda a: a.reshape(batch, *a.shape[2:]), results)

    return lax.platform_dependent(*arrays, cpu=loop, default=function)


def _apart(function, coordinates, *arrays):
    """`function(*arrays)`, on CPUs not fused with what comes before and after.

    Fused, a value is computed again at each of its uses. XLA does not fuse across a conditional,
    and on CPUs it does not keep `optimization_barrier` until then.

    Args:
        coordinates: without NaN.
    """
    if coordinates[0].size == 0:
        return function(*arrays)

    def conditional(*arrays):
        shapes = jax.eval_shape(function, *arrays)
        never = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        # Always true, as NaN has been taken out, but the compiler cannot know it.
        always = coordinates[0][0, 0] <= jnp.inf
        return lax.cond(always, function, lambda *_: never, *arrays)

    return lax.platform_dependent(*arrays, cpu=conditional, default=function)


def _interleaved(parts):
    """The parts along a new last axis: a sum, which unlike a stack is a vector operation."""
    if len(parts) == 1:
        return parts[0][..., None]
    places = jnp.arange(len(parts))
    return sum(jnp.where(places == k, part[..., None], 0.0) for k, part in enumerate(parts))


def _take(rows, indices):
    # Unsigned indices spare a look at whether they count from the end.
    return rows.at[indices.astype("uint32")].get(mode="promise_in_bounds")


def _add(rows, indices, updates):
    indices = indices.astype("uint32").reshape(indices.size)
    updates = updates.reshape(indices.size, updates.shape[-1])
    return rows.at[indices].add(updates, mode="promise_in_bounds")


def _rows(images):
    """All pixels of the batch as rows, and where each image begins, `(batch, 1)`."""
    batch, *sizes, channels = images.shape
    return images.reshape(batch * math.prod(sizes), channels), _first(batch, sizes)


def _first(batch, sizes):
    return jnp.arange(batch, dtype="int32")[:, None] * math.prod(sizes)


def _coordinates(grid):
    """One `(batch, points)` for each coordinate."""
    batch, *sizes, axes = grid.shape
    grid = without_nan(grid).reshape(batch, math.prod(sizes), axes)
    return [grid[..., axis] for axis in range(grid.shape[-1])]
