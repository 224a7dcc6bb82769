"""Transformations and their grids as loops over pixels, in float64, from the papers' equations."""

import itertools

import numpy as np
from scipy.interpolate import RBFInterpolator

from tests.oracles.sampling import centre

# === Grids ===


def regular_grid(size, align_corners=False):
    """`(*size, axes)`, x first."""
    grid = np.zeros((*size, len(size)))
    for index in np.ndindex(*size):
        centres = [centre(i, n, align_corners) for i, n in zip(index, size, strict=True)]
        grid[index] = centres[::-1]
    return grid


def matrix_grid(theta, size, align_corners=False):
    """Affine or projective: each homogeneous target times the matrix, divided by its last."""
    theta = np.asarray(theta, "float64")
    axes = len(size)
    grid = np.zeros((*theta.shape[:-2], *size, axes))
    regular = regular_grid(size, align_corners)
    for leading in np.ndindex(*theta.shape[:-2]):
        for index in np.ndindex(*size):
            source = theta[leading] @ np.append(regular[index], 1.0)
            grid[leading + index] = source[:axes] / (source[axes] if len(source) > axes else 1.0)
    return grid


def spline_grid(displacement, size, control_points, align_corners=False):
    """SciPy's interpolation of the displaced control points, evaluated at every pixel.

    Args:
        displacement: Array `(..., K, axes)`.
        size: Size of the output.
        control_points: Size of a lattice from -1 to 1, or the points.
        align_corners: Convention of the pixels.
    """
    axes = len(size)
    control = np.asarray(control_points, "float64")
    if control.ndim == 1:
        control = regular_grid(control_points, align_corners=True).reshape(-1, axes)
    pixels = regular_grid(size, align_corners).reshape(-1, axes)
    kernel = "thin_plate_spline" if axes == 2 else "linear"
    displacement = np.asarray(displacement, "float64")
    grid = np.zeros((*displacement.shape[:-2], *size, axes))
    for leading in np.ndindex(*displacement.shape[:-2]):
        moved = control + displacement[leading]
        spline = RBFInterpolator(control, moved, kernel=kernel, degree=1)
        grid[leading] = spline(pixels).reshape(*size, axes)
    return grid


# === Matrices ===


def bounded(value, limit):
    """`limit · tanh(value / limit)`; no bound for `None`."""
    return value if limit is None else limit * np.tanh(value / limit)


def scale(logarithm, scale_range):
    """`exp` of a log-scale, bounded on each side of 1 by a tanh of the log-scale."""
    if scale_range is None:
        return np.exp(logarithm)
    limit = abs(np.log(scale_range[0] if logarithm < 0 else scale_range[1]))
    return np.exp(bounded(logarithm, limit)) if limit else 1.0


def rotation(parameters):
    """An angle in the plane, or a vector along the axis of length `tan(angle / 2)` in space."""
    if len(parameters) == 1:
        (angle,) = parameters
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    length = np.linalg.norm(parameters)
    angle = 2 * np.arctan(length)
    x, y, z = np.asarray(parameters) / length
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def matrices(parameters, transformation, axes=2, scale_range=None, max_shift=None):
    """One matrix for each vector of parameters, `(..., P)`."""
    parameters = np.asarray(parameters, "float64")
    rows = axes + 1 if transformation == "projective" else axes
    theta = np.zeros((*parameters.shape[:-1], rows, axes + 1))
    for index in np.ndindex(*parameters.shape[:-1]):
        free, found = list(parameters[index]), np.eye(rows, axes + 1)
        if transformation in ("affine", "projective"):
            entries = itertools.product(range(rows), range(axes + 1))
            for (row, column), number in zip(entries, free, strict=False):
                found[row, column] += number
        else:
            linear, found[:axes, axes] = free[:-axes], free[-axes:]
            if transformation != "translation":
                found[:axes, :axes] *= scale(linear[0], scale_range)
            if transformation == "similarity":
                found[:axes, :axes] = found[:axes, :axes] @ rotation(linear[1:])
        found[:axes, axes] = bounded(found[:axes, axes], max_shift)
        theta[index] = found
    return theta


def square(theta):
    """A matrix with the last row of an affine one written out."""
    rows, columns = theta.shape
    return np.concatenate([theta, np.eye(columns)[rows:]])


def product(first, second):
    """The transformation that applies `first`, then `second`, of matrices `(..., rows, n)`."""
    first, second = np.broadcast_arrays(first, second)
    found = np.zeros(first.shape)
    for index in np.ndindex(*first.shape[:-2]):
        found[index] = (square(second[index]) @ square(first[index]))[: first.shape[-2]]
    return found


def inverse(theta):
    """Inverse matrices, shaped like `theta`."""
    found = np.zeros(theta.shape)
    for index in np.ndindex(*theta.shape[:-2]):
        found[index] = np.linalg.inv(square(theta[index]))[: theta.shape[-2]]
    return found


# === Transformers of several heads ===

# Counts of tiles along the axes, x last, by the number of axes and of heads.
TILES = {
    2: {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 2), 6: (2, 3)},
    3: {1: (1, 1, 1), 2: (1, 1, 2), 8: (2, 2, 2)},
}


def tiles(num_heads, axes):
    """Matrices of equal tiles of the image, in rows from the top left."""
    counts = TILES[axes][num_heads]
    found = []
    for place in np.ndindex(*counts):
        tile = np.zeros((axes, axes + 1))
        for axis, (i, count) in enumerate(zip(place[::-1], counts[::-1], strict=True)):
            tile[axis, axis], tile[axis, axes] = 1 / count, (2 * i + 1) / count - 1
        found.append(tile)
    return found


def transformed(
    parameters,
    transformation,
    size,
    num_heads=1,
    initialization="identity",
    scale_range=None,
    max_shift=None,
    control_points=(4, 4),
    align_corners=False,
):
    """Theta and grid of a spatial transformer on one image, of what its last layer gives.

    Each head applies the transformation of its own parameters, then that of its tile. Theta of a
    spline or a flow is where control points or pixels come to, less where they are.

    Args:
        parameters: Array of parameters, those of one head after the other; of a flow a map of the
            size of the output `(num_heads, *size, axes)`.
        transformation, num_heads, initialization, scale_range, max_shift, control_points,
            align_corners: As in `keras_attn.SpatialTransformer`.
        size: Size of the output.
    """
    axes, thetas, grids = len(size), [], []
    for head, free in enumerate(np.reshape(parameters, (num_heads, -1))):
        tile = np.eye(axes, axes + 1)
        if initialization == "tiling":
            tile = tiles(num_heads, axes)[head]
        if transformation in ("thin_plate_spline", "flow"):
            points = regular_grid(size, align_corners)
            if transformation == "thin_plate_spline":
                points = regular_grid(control_points, align_corners=True).reshape(-1, axes)
            moved = points + bounded(free.reshape(points.shape), max_shift)
            theta = moved @ tile[:, :axes].T + tile[:, axes] - points
            if transformation == "flow":
                grid = points + theta
            else:
                grid = spline_grid(theta, size, control_points, align_corners)
        else:
            theta = matrices(free, transformation, axes, scale_range, max_shift)
            theta = product(theta, square(tile)[: len(theta)])
            grid = matrix_grid(theta, size, align_corners)
        thetas.append(theta)
        grids.append(grid)
    if num_heads == 1:
        return thetas[0], grids[0]
    return np.stack(thetas), np.stack(grids)
