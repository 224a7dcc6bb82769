"""Outline of a sampling grid on its image, in pixels.

Pixel coordinates are those of `matplotlib.axes.Axes.imshow`: pixel `j` has its centre at `j`, the
image reaches from -1/2 to `W - 1/2`.
"""

import numpy as np

# Beyond this many image sizes a point belongs to no picture: projective grids send what lies
# behind the camera there.
FAR = 100.0


def to_pixels(points, image_size, align_corners=False):
    """Normalised coordinates as pixel coordinates.

    `p = ((x + 1) W - 1) / 2`, or `(x + 1) (W - 1) / 2` with `align_corners=True`.

    Args:
        points: `(..., 2)`, `(x, y)`.
        image_size: `(height, width)` in pixels.
        align_corners: see the convention of `keras_attn.ops.identity_grid`.

    Returns:
        float64 `(..., 2)`; NaN for what is not finite or far away, which breaks the line there.
    """
    size = np.asarray(image_size[::-1], dtype="float64")
    points = np.asarray(points, dtype="float64")
    pixels = (points + 1) * (size - 1) / 2 if align_corners else ((points + 1) * size - 1) / 2
    usable = np.isfinite(pixels).all(-1) & (np.abs(points) < FAR).all(-1)
    return np.where(usable[..., None], pixels, np.nan)


def extended(pixels):
    """The pixel centres of a grid and, around them, the outer edges of its border pixels.

    Half a step beyond the outermost centres, in the direction in which the grid runs there; half a
    pixel of the image where the grid is one pixel wide.

    Args:
        pixels: `(rows, columns, 2)`, the centres.

    Returns:
        `(rows + 2, columns + 2, 2)`.
    """
    for axis in (0, 1):
        first, last = pixels.take([0], axis), pixels.take([-1], axis)
        if pixels.shape[axis] > 1:
            before = (first - pixels.take([1], axis)) / 2
            after = (last - pixels.take([-2], axis)) / 2
        else:
            after = np.where([axis == 1, axis == 0], 0.5, 0.0)
            before = -after
        pixels = np.concatenate([first + before, pixels, last + after], axis)
    return pixels


def border(lattice):
    """The four sides of an extended grid: `(top, right, bottom, left)`, clockwise.

    The top is the top of the output, wherever the transformation puts it.
    """
    return lattice[0], lattice[:, -1], lattice[-1, ::-1], lattice[::-1, 0]


def is_curved(pixels, tolerance=0.25):
    """True if a grid departs from its best affine approximation.

    Args:
        pixels: `(rows, columns, 2)`, the centres; those that are NaN do not count.
        tolerance: how far a centre may be off along an axis, in pixels of the image.
    """
    rows, columns, _ = pixels.shape
    y, x = np.mgrid[:rows, :columns].reshape(2, -1)
    points = pixels.reshape(-1, 2)
    known = ~np.isnan(points).any(-1)
    if not known.any():
        return False
    design = np.stack([x, y, np.ones_like(x)], axis=-1)[known].astype("float64")
    fit = design @ np.linalg.lstsq(design, points[known], rcond=None)[0]
    return bool(np.abs(fit - points[known]).max() > tolerance)
