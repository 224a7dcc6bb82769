"""Where several transformers start: side by side, each on its own tile of the image."""

import numpy as np


def tiling(heads, axes=2):
    """Affine matrices that cut the image into `heads` equal tiles.

    `heads` is factored into as equal counts along the axes as it allows, more along x than along y:
    4 heads give 2 × 2 tiles, 6 give 2 rows of 3, 5 give one row of 5.

    Args:
        heads: the number of tiles, positive.
        axes: 2 in the plane, 3 in space.

    Returns:
        A float64 array `(heads, axes, axes + 1)`, tiles in rows from the top left.

    Raises:
        ValueError: if heads is not a positive integer, or axes not 2 or 3.

    Example:

    >>> keras_attn.ops.tiling(4)[0].tolist()
    [[0.5, 0.0, -0.5], [0.0, 0.5, -0.5]]

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.3,
        https://arxiv.org/abs/1506.02025
    """
    if isinstance(heads, bool) or not isinstance(heads, (int, np.integer)) or heads < 1:
        raise ValueError(f"`heads` must be a positive integer. Received: heads={heads}")
    if axes not in (2, 3):
        raise ValueError(f"`axes` must be 2 or 3. Received: axes={axes}")
    counts = _balanced_factors(heads, axes)
    theta = np.zeros((heads, axes, axes + 1))
    for index, place in enumerate(np.ndindex(*reversed(counts))):
        for axis, (count, position) in enumerate(zip(counts, reversed(place), strict=True)):
            theta[index, axis, axis] = 1.0 / count
            theta[index, axis, axes] = (2 * position + 1) / count - 1.0
    return theta


def _balanced_factors(number, axes):
    """`number` as a product of `axes` factors, the largest first and as small as can be."""
    if axes == 1:
        return (number,)
    splits = (
        (number // rest, *_balanced_factors(rest, axes - 1))
        for rest in range(1, number + 1)
        if number % rest == 0
    )
    return min((tuple(sorted(split, reverse=True)) for split in splits), key=max)
