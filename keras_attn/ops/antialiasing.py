"""Anti-aliasing of the bilinear sampler where a grid minifies the image.

Two grid points further apart than a pixel skip what lies between, and what they skip comes back as
moiré. The cure of every good resize is to widen the bilinear triangle to the distance between
the points. Here the widths are the powers of two: level `l` of a stack holds the image filtered
by [1, 2, 1] / 4 at the spacings 1, 2, ..., 2^(l-1), none of it subsampled. As a triangle is a
sum of three triangles of half its width (the two-scale relation of linear splines), *bilinear
interpolation of level l is exactly a triangle of half-width 2^l on the image*.

Between the powers, two levels are blended so that the filter's variance is right: a triangle of
half-width m has the variance m²/6, so with 4^l <= m² < 4^(l+1) the share of level l + 1 is

    t = (m² - 4^l) / (3 · 4^l).

The stack is thus a volume whose third coordinate is the level `l + t`, sampled trilinearly. `m`
is the distance between neighbouring grid points in pixels, the larger one of the two output axes
(so a strongly anisotropic minification is blurred along both axes), and at least 1.

Reference:
    Williams, "Pyramidal Parametrics", 1983, https://doi.org/10.1145/800059.801126: the blend of
    levels, there of a subsampled pyramid.
"""

import numpy as np
from keras import ops

from keras_attn.ops.interpolation import FAR, floor
from keras_attn.ops.known import as_integers


def num_levels(height, width):
    """Levels above the image itself: up to a triangle as wide as the image."""
    return max(height, width).bit_length() - 1


def filter_stack(images, padding_mode="zeros", align_corners=False):
    """The image under triangle filters of half-width 1, 2, 4, ..., `2^levels`.

    Args:
        images: `(batch, height, width, channels)`, height and width static.
        padding_mode, align_corners: as in `grid_sample`; what lies outside of each level.

    Returns:
        `(batch, levels + 1, height, width, channels)`; level 0 is the image.
    """
    height, width = as_integers(images.shape[1:3])
    stack = [images]
    for level in range(num_levels(height, width)):
        filtered = stack[-1]
        for axis in (1, 2):
            filtered = _binomial(filtered, axis, 2**level, padding_mode, align_corners)
        stack.append(filtered)
    return ops.stack(stack, axis=1)


def stack_grid(grid, image_size, align_corners=False):
    """Adds to each sampling point the level of the stack that suits the local minification.

    Args:
        grid: `(..., out_height, out_width, 2)` normalised `(x, y)`, not NaN.
        image_size: `(height, width)`.
        align_corners: as in `grid_sample`.

    Returns:
        `(..., out_height, out_width, 3)`: `(x, y, level)`, the level normalised as the third
        axis of the volume that `filter_stack` makes.
    """
    height, width = as_integers(image_size)
    levels = num_levels(height, width)
    grid = ops.clip(grid, -FAR, FAR)
    shrink = 1 if align_corners else 0
    pixels = ops.convert_to_tensor(
        [(width - shrink) / 2.0, (height - shrink) / 2.0], dtype=grid.dtype
    )
    # m² needs no root, which would have no derivative where a grid is constant.
    down = ops.sum(ops.square(_differences(grid, -3) * pixels), axis=-1)
    right = ops.sum(ops.square(_differences(grid, -2) * pixels), axis=-1)
    squared = ops.clip(ops.where(down > right, down, right), 1.0, 4.0**levels)
    level = floor(0.5 * ops.log2(squared))
    power = ops.power(ops.cast(4.0, grid.dtype), level)
    level = level + (squared - power) / (3.0 * power)
    if align_corners:
        normalised = level * (2.0 / max(levels, 1)) - 1.0
    else:
        normalised = (2.0 * level + 1.0) / (levels + 1.0) - 1.0
    return ops.concatenate([grid, normalised[..., None]], axis=-1)


def _differences(grid, axis):
    """Steps from each point to the next along an axis; the last point repeats the step before."""
    size = grid.shape[axis]
    if size is not None and size < 2:
        return ops.zeros_like(grid)
    rest = (slice(None),) * (-1 - axis)
    step = grid[(..., slice(1, None), *rest)] - grid[(..., slice(None, -1), *rest)]
    return ops.concatenate([step, step[(..., slice(-1, None), *rest)]], axis=axis)


def _binomial(images, axis, spacing, padding_mode, align_corners):
    """[1, 2, 1] / 4 along an axis, its taps `spacing` pixels apart."""
    (size,) = as_integers(images.shape[axis : axis + 1])
    if padding_mode == "zeros":
        width = [(0, 0)] * len(images.shape)
        width[axis] = (spacing, spacing)
        padded = ops.pad(images, width)
    else:
        mirror = "reflect" if align_corners else "symmetric"
        mode = "edge" if padding_mode == "border" else mirror
        padded = ops.take(images, np.pad(np.arange(size), spacing, mode=mode), axis=axis)
    where = [slice(None)] * axis
    before = padded[(*where, slice(0, size))]
    after = padded[(*where, slice(2 * spacing, 2 * spacing + size))]
    # One by one: the sum of two numbers may be too large for half precision.
    return 0.5 * images + 0.25 * before + 0.25 * after
