"""Spatial transformers as loops over pixels, in float64, from the papers' equations."""

import itertools
import math

import numpy as np
from scipy.interpolate import RBFInterpolator


def centre(index, size, align_corners=False):
    """Normalised coordinate of the centre of a pixel."""
    if align_corners:
        return -1 + 2 * index / (size - 1) if size > 1 else 0.0
    return (2 * index + 1) / size - 1


def place(coordinate, size, align_corners=False):
    """Pixel index, with a fraction, of a normalised coordinate."""
    if align_corners:
        return (coordinate + 1) * (size - 1) / 2
    return ((coordinate + 1) * size - 1) / 2


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
    """SciPy's interpolation of the displaced lattice, evaluated at every pixel."""
    control = regular_grid(control_points, align_corners=True).reshape(-1, 2)
    pixels = regular_grid(size, align_corners)
    return np.stack(
        [
            RBFInterpolator(control, control + each, kernel="thin_plate_spline", degree=1)(
                pixels.reshape(-1, 2)
            ).reshape(pixels.shape)
            for each in np.asarray(displacement, "float64")
        ]
    )


def sample(image, grid, interpolation="bilinear", padding_mode="zeros", align_corners=False):
    """`V = Σ U k(x - m) k(y - n)`: one image `(*size, channels)`, one grid `(..., axes)`."""
    size = image.shape[:-1]
    output = np.zeros((*grid.shape[:-1], image.shape[-1]))
    for index in np.ndindex(*grid.shape[:-1]):
        places = [
            place(coordinate, n, align_corners)
            for coordinate, n in zip(grid[index][::-1], size, strict=True)
        ]
        for tap, weight in taps(places, interpolation):
            if padding_mode == "border":
                tap = tuple(min(max(i, 0), n - 1) for i, n in zip(tap, size, strict=True))
            if all(0 <= i < n for i, n in zip(tap, size, strict=True)):
                output[index] += weight * image[tap]
    return output


def taps(places, interpolation):
    """Pixels that a place is made of, with their weights."""
    if interpolation == "nearest":
        return [(tuple(round(each) for each in places), 1.0)]
    lower = [math.floor(each) for each in places]
    corners = itertools.product(*[(low, low + 1) for low in lower])
    return [
        (corner, math.prod(1 - abs(each - i) for each, i in zip(places, corner, strict=True)))
        for corner in corners
    ]


def sample_batch(images, grids, **options):
    """Each image by its grid, or by its grids when they have a heads axis."""
    return np.stack(
        [
            sample(np.asarray(image, "float64"), grid, **options)
            for image, grid in zip(images, np.asarray(grids, "float64"), strict=True)
        ]
    )
