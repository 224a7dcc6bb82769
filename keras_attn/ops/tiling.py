"""Initial transformations of several heads: each samples its own tile of the image."""

import numpy as np

from keras_attn.ops.checks import check_num_spatial_dims, positive_integer


def tile_transformations(num_heads, num_spatial_dims=2):
    """Affine matrices that cut the image into `num_heads` equal tiles.

    `num_heads` is factored into as equal counts along the axes as it allows, more along x than
    along y: 4 heads give 2 × 2 tiles, 6 give 2 rows of 3, 5 give one row of 5.

    Args:
        num_heads: the number of tiles, positive.
        num_spatial_dims: 2 in the plane, 3 in space.

    Returns:
        A float64 array `(num_heads, num_spatial_dims, num_spatial_dims + 1)`, tiles in rows from
        the top left.

    Raises:
        ValueError: if heads is not a positive integer, or axes not 2 or 3.

    Example:

    >>> keras_attn.ops.tile_transformations(4)[0].tolist()
    [[0.5, 0.0, -0.5], [0.0, 0.5, -0.5]]

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.3,
        https://arxiv.org/abs/1506.02025
    """
    num_heads = positive_integer("num_heads", num_heads)
    check_num_spatial_dims(num_spatial_dims)
    counts = _balanced_factors(num_heads, num_spatial_dims)
    theta = np.zeros((num_heads, num_spatial_dims, num_spatial_dims + 1))
    for index, place in enumerate(np.ndindex(*reversed(counts))):
        for axis, (count, position) in enumerate(zip(counts, reversed(place), strict=True)):
            theta[index, axis, axis] = 1.0 / count
            theta[index, axis, num_spatial_dims] = (2 * position + 1) / count - 1.0
    return theta


def _balanced_factors(number, num_spatial_dims):
    """`number` as a product of `num_spatial_dims` factors, the largest first and smallest."""
    if num_spatial_dims == 1:
        return (number,)
    splits = (
        (number // rest, *_balanced_factors(rest, num_spatial_dims - 1))
        for rest in range(1, number + 1)
        if number % rest == 0
    )
    return min((tuple(sorted(split, reverse=True)) for split in splits), key=max)
