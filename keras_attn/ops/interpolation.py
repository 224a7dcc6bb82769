"""Interpolation as a few weighted taps for each sampling point.

Every interpolation, padding and convention of the sampler comes down to the same form,

    output[q] = Σ_k weight_k[q] · image[index_k[q]],

with one tap for the nearest pixel, 2 for each axis of linear and 4 for each axis of cubic
interpolation. The functions here are arithmetic on coordinates alone, so that a backend can
fuse them and needs a fast kernel for one thing only: the weighted gather.

Glossary:
    position: coordinate in pixels; 0 is the centre of the first pixel, `size - 1` of the last
    offset: integer-valued position of a tap, a float until it is clipped into the image
"""

import itertools

from keras import ops

from keras_attn.ops import precision

INTERPOLATIONS = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")

# Beyond this many half-widths from the centre a coordinate only says "far outside"; pixel
# positions stay in the range where they can be cast to int32.
FAR = 1e6


def without_nan(grid):
    """Coordinates with NaN as -1."""
    return ops.where(ops.isnan(grid), -1.0, grid)


def floor(tensor):
    """`precision.floor` that leaves float64 as it is."""
    return ops.cast(precision.floor(tensor), tensor.dtype)


def axis_taps(coordinates, sizes, interpolation, padding_mode, align_corners):
    """Pixel indices and weights of the taps along each axis.

    Args:
        coordinates: normalised, not NaN, one tensor `(...)` an axis: `[x, y]` or `[x, y, z]`.
        sizes: spatial sizes of the image, `(height, width)` or `(depth, height, width)`.
        interpolation, padding_mode, align_corners: as in `grid_sample`.

    Returns:
        For each axis in the order of `sizes` a list of pairs `(index, weight)`, each `(...)`;
        `index` is int32 and inside of the image.
    """
    taps = []
    for coordinate, size in zip(reversed(coordinates), sizes, strict=True):
        last = float(size) - 1.0 if isinstance(size, int) else ops.cast(size, coordinate.dtype) - 1
        if interpolation != "bilinear" or padding_mode == "reflection":
            # The others are right for infinity as it is.
            coordinate = ops.clip(coordinate, -FAR, FAR)
        position = to_pixels(coordinate, last, align_corners)
        taps.append(_axis_taps(position, last, interpolation, padding_mode, align_corners))
    return taps


def combine(axes, sizes):
    """All taps of a point: products of weights, indices into the flattened image.

    Args:
        axes: what `axis_taps` returns.
        sizes: spatial sizes of the image.

    Returns:
        List of pairs `(index, weight)`, the last axis running fastest.
    """
    taps = []
    for (index, weight), *others in itertools.product(*axes):
        for size, (next_index, next_weight) in zip(sizes[1:], others, strict=True):
            index = index * size + next_index
            weight = weight * next_weight
        taps.append((index, weight))
    return taps


def to_pixels(coordinate, last, align_corners):
    """Normalised coordinate to pixels; `last` is the position of the last pixel's centre."""
    if align_corners:
        return (coordinate + 1.0) * (last / 2.0)
    return (coordinate + 1.0) * ((last + 1.0) / 2.0) - 0.5


def _axis_taps(position, last, interpolation, padding_mode, align_corners):
    """Int32 indices and weights along one axis."""
    if interpolation == "bicubic":
        # The polynomial runs over the unbounded line; only the pixels it meets are folded.
        taps = _cubic(position)
        if padding_mode == "zeros":
            taps = [(offset, _where_inside(offset, last, weight)) for offset, weight in taps]
        taps = [(_fold(offset, last, padding_mode, align_corners), w) for offset, w in taps]
    else:
        if padding_mode != "zeros":
            position = _fold(position, last, padding_mode, align_corners)
        if interpolation == "bilinear":
            return _linear(position, last)
        taps = _nearest(position, last)
    # Weights are those of the unclipped positions; a tap that is clipped here weighs 0.
    return [(ops.cast(ops.clip(offset, 0.0, last), "int32"), weight) for offset, weight in taps]


def _linear(position, last):
    """Indices and weights of the triangle `max(0, 1 - abs(t))` at two pixels.

    The two are always neighbours in the image. In the image the pair starts at floor, outside at
    the border, where the triangle is 0 on the pixels that it does not reach. All pieces hold their
    left end, as floor does: at integer positions the slope is the one to the right, never 0.
    """
    highest = ops.cast(ops.where(last > 0.0, last - 1.0, 0.0), position.dtype)
    low = ops.clip(floor(position), 0.0, highest)
    t = position - low
    first = ops.where(t < 0.0, ops.where(t >= -1.0, 1.0 + t, 0.0), ops.where(t < 1.0, 1.0 - t, 0.0))
    second = ops.where(t < 1.0, ops.where(t >= 0.0, t, 0.0), ops.where(t < 2.0, 2.0 - t, 0.0))
    index = ops.cast(low, "int32")
    neighbour = index + 1
    if not isinstance(last, float) or last == 0.0:
        # An image of one pixel has no neighbour.
        second = ops.where(low < last, second, 0.0)
        neighbour = ops.cast(precision.minimum(low + 1.0, last), "int32")
    return [(index, first), (neighbour, second)]


def _nearest(position, last):
    offset = ops.cast(ops.round(position), position.dtype)
    # Times 0 for a gradient that is zero rather than missing.
    return [(offset, _where_inside(offset, last, 1.0 + 0.0 * position))]


def _where_inside(offset, last, weight):
    return ops.where((offset >= 0.0) & (offset <= last), weight, 0.0)


def _cubic(position, a=-0.75):
    """Cubic convolution of Keys (1981) with the slope `a` that PyTorch and OpenCV use."""
    low = floor(position)
    fraction = position - low

    def inner(t):  # |t| <= 1
        return ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0

    def outer(t):  # 1 <= |t| <= 2
        return ((a * t - 5.0 * a) * t + 8.0 * a) * t - 4.0 * a

    return [
        (low - 1.0, outer(1.0 + fraction)),
        (low, inner(fraction)),
        (low + 1.0, inner(1.0 - fraction)),
        (low + 2.0, outer(2.0 - fraction)),
    ]


def _fold(position, last, padding_mode, align_corners):
    """Maps positions outside the image to their mirror images or to the border."""
    if padding_mode == "reflection":
        # Mirrors stand at the centres of the outer pixels, or at their outer edges.
        edge, span = (0.0, last) if align_corners else (-0.5, last + 1.0)
        span = ops.where(span > 0.0, ops.cast(span, position.dtype), 1.0)
        distance = ops.abs(position - edge)
        distance = distance - 2.0 * span * floor(distance / (2.0 * span))
        position = span - ops.abs(distance - span) + edge
    # Selections rather than clip: on the limits themselves the gradient is 0 on every backend.
    position = ops.where(position < last, position, ops.cast(last, position.dtype))
    return ops.where(position > 0.0, position, 0.0)
