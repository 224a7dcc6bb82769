"""The sampler of spatial transformers as loops over points and pixels, in float64."""

import functools
import itertools
import math

import numpy as np


def centre(index, size, align_corners=False):
    """Normalised coordinate of a pixel's centre; `index` may have a fraction."""
    if align_corners:
        return -1 + 2 * index / (size - 1) if size > 1 else 0.0
    return (2 * index + 1) / size - 1


def place(coordinate, size, align_corners=False):
    """Pixel index, with a fraction, of a normalised coordinate."""
    if align_corners:
        return (coordinate + 1) * (size - 1) / 2
    return ((coordinate + 1) * size - 1) / 2


def sample_batch(images, grids, **options):
    """Samples each image by its grid, or by its grids if they have a heads axis."""
    return np.stack(
        [sample(image, grid, **options) for image, grid in zip(images, grids, strict=True)]
    )


def sample(
    image,
    grid,
    interpolation="bilinear",
    padding_mode="zeros",
    align_corners=False,
    antialias=False,
):
    """`V = Σ U k(x - m) k(y - n)`: one image `(*size, channels)`, one grid `(..., axes)`."""
    image, grid = np.asarray(image, "float64"), np.asarray(grid, "float64")
    options = interpolation, padding_mode, align_corners
    if not antialias:
        return sample_at(image, grid, *options)
    # Image and grid level by level, and each point's share of the next level.
    levels = filtered(image, padding_mode, align_corners)
    sampled = [sample_at(level, grid, *options) for level in levels]
    output = np.zeros_like(sampled[0])
    squared = footprint(grid, image.shape[:2], align_corners)
    for index in np.ndindex(*grid.shape[:-1]):
        square = min(max(squared[index], 1.0), 4.0 ** (len(levels) - 1))
        level = max(i for i in range(len(levels)) if 4.0**i <= square)
        share = (square - 4.0**level) / (3 * 4.0**level)
        output[index] = (1 - share) * sampled[level][index]
        if share:
            output[index] += share * sampled[level + 1][index]
    return output


def sample_at(image, grid, interpolation, padding_mode, align_corners):
    """Interpolates the image, which is continued to all sides, at each point of the grid."""
    size = image.shape[:-1]
    output = np.zeros((*grid.shape[:-1], image.shape[-1]))
    for index in np.ndindex(*grid.shape[:-1]):
        axes = [
            taps(float(coordinate), n, interpolation, padding_mode, align_corners)
            for coordinate, n in zip(grid[index][::-1], size, strict=True)
        ]
        for pairs in itertools.product(*axes):
            pixel = tuple(i for i, _ in pairs)
            output[index] += math.prod(weight for _, weight in pairs) * image[pixel]
    return output


@functools.lru_cache(maxsize=100_000)
def taps(coordinate, size, interpolation, padding_mode, align_corners):
    """Pixels along one axis that a coordinate is made of, with their weights."""
    position = place(coordinate, size, align_corners)
    if interpolation == "nearest":
        if padding_mode == "reflection":
            position = mirrored(position, size, align_corners)
        pairs = [(round(position), 1.0)]  # halves to the even number
    else:
        kernel, reach = {"bilinear": (triangle, 1), "bicubic": (cubic, 2)}[interpolation]
        low = math.floor(position)
        pixels = range(low + 1 - reach, low + 1 + reach)
        pairs = [(i, kernel(abs(position - i))) for i in pixels]
    pairs = [(continued(i, size, padding_mode, align_corners), weight) for i, weight in pairs]
    return [(i, weight) for i, weight in pairs if i is not None]


def continued(index, size, padding_mode, align_corners):
    """Returns the pixel that an index outside of the image repeats; `None` for zeros."""
    if padding_mode == "zeros" and not 0 <= index < size:
        return None
    if padding_mode == "reflection":
        index = round(mirrored(index, size, align_corners))
    return min(max(index, 0), size - 1)


def triangle(t):
    return max(0.0, 1 - t)


def cubic(t, a=-0.75):
    """Cubic convolution of Keys (1981)."""
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def mirrored(position, size, align_corners):
    """Reflects at the outer edges of the image, or at the centres of its outer pixels."""
    first, last = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
    if first == last:
        return first
    beyond = (position - first) % (2 * (last - first))
    return first + min(beyond, 2 * (last - first) - beyond)


# === Anti-aliasing ===


def filtered(image, padding_mode, align_corners):
    """The image under triangles of half-width 1, 2, 4, ... up to its longer side.

    Each is the one before under [1, 2, 1] / 4 along both axes, at a spacing of its half-width.
    """
    height, width, _ = image.shape
    levels, spacing = [image], 1
    while 2 * spacing <= max(height, width):
        before, after = levels[-1], np.zeros_like(image)
        for row, column in np.ndindex(height, width):
            for i, j in itertools.product((-1, 0, 1), repeat=2):
                neighbours = (
                    continued(place + step * spacing, n, padding_mode, align_corners)
                    for place, step, n in ((row, i, height), (column, j, width))
                )
                weight = (2 - abs(i)) * (2 - abs(j)) / 16
                if None not in (pixel := tuple(neighbours)):
                    after[row, column] += weight * before[pixel]
        levels.append(after)
        spacing *= 2
    return levels


def footprint(grid, size, align_corners):
    """Squared distance in pixels to the next point, the larger one of the two output axes.

    The last point of an axis repeats the distance of the one before it.
    """
    pixels = np.array([(n - 1 if align_corners else n) / 2 for n in reversed(size)])
    squared = np.zeros(grid.shape[:-1])
    rows, columns = grid.shape[-3:-1]
    for *heads, row, column in np.ndindex(*squared.shape):
        points = grid[tuple(heads)] * pixels
        for i, j in ((1, 0), (0, 1)):
            if (rows, columns)[j] == 1:
                continue
            y, x = min(row, rows - 1 - i), min(column, columns - 1 - j)
            square = float(np.sum((points[y + i, x + j] - points[y, x]) ** 2))
            squared[(*heads, row, column)] = max(squared[(*heads, row, column)], square)
    return squared
