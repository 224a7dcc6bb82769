"""Oracle of the sampler, written as loops."""

import itertools

import numpy as np


def numpy_grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Interpolates the image continued to all sides, channels last, one point at a time."""
    sizes = images.shape[1:-1]
    sampled = np.zeros((*grid.shape[:-1], images.shape[-1]))
    for place in np.ndindex(*grid.shape[:-1]):
        axes = []
        for coordinate, size in zip(grid[place][::-1], sizes, strict=True):
            if align_corners:
                position = (coordinate + 1) * (size - 1) / 2
            else:
                position = ((coordinate + 1) * size - 1) / 2
            pixels = range(int(np.floor(position)) - 3, int(np.floor(position)) + 5)
            axes.append(
                [
                    (_continue(j, size, padding_mode, align_corners), weight)
                    for j in pixels
                    if (weight := _kernel(position, j, interpolation))
                ]
            )
        for taps in itertools.product(*axes):
            where = [index for index, _ in taps]
            if None not in where:
                weight = np.prod([weight for _, weight in taps])
                sampled[place] += weight * images[(place[0], *where)]
    return sampled


def _kernel(position, pixel, interpolation):
    t = abs(position - pixel)
    if interpolation == "nearest":
        return float(np.round(position) == pixel)
    if interpolation == "bilinear":
        return max(0.0, 1.0 - t)
    a = -0.75
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def _continue(pixel, size, padding_mode, align_corners):
    if padding_mode == "zeros":
        return pixel if 0 <= pixel < size else None
    if padding_mode == "border" or size == 1:
        return min(max(pixel, 0), size - 1)
    while not 0 <= pixel < size:
        if pixel < 0:
            pixel = -pixel if align_corners else -1 - pixel
        else:
            pixel = 2 * size - 2 - pixel if align_corners else 2 * size - 1 - pixel
    return pixel


def channels_last(function, **options):
    """`function` with its options and the format that the tests' arrays have."""
    return lambda *arrays: function(*arrays, data_format="channels_last", **options)
