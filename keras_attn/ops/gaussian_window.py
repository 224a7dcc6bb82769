"""A window of Gaussian filters, through which DRAW reads and writes a part of an image.

Glossary of shapes:
    batch
    patch_size: `N`, filters in each direction
    height, width, channels: `B`, `A` and the colours of the image
"""

import math
from typing import Any, NamedTuple

from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.checks import check_size
from keras_attn.ops.known import shapes_match
from keras_attn.ops.named_axes import floating, with_axes
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received

# What is emitted as a logarithm lies in [-10, 10]: variances from 5e-5 to 2e4 square pixels.
LARGEST_LOGARITHM = 10.0
# Filters whose sum is smaller have left the image, where they may.
LEAST = 1e-8
# Nothing is left of its power of e.
LEAST_SCORE = -100.0
OUTSIDE = ("border", "zeros")


class GaussianWindow(NamedTuple):
    """Parameters of a window: `(batch,)` each, in pixels.

    Args:
        center_x, center_y: `g_X - 1` and `g_Y - 1`; 0 is the middle of the first pixel.
        stride: `δ`, from filter to filter.
        variance: `σ²` of the filters, in square pixels.
        intensity: `γ`.

    Example:

    >>> window = keras_attn.ops.GaussianWindow(13.5, 13.5, 6.75, 1.0, 1.0)
    >>> window.stride
    6.75
    """

    center_x: Any
    center_y: Any
    stride: Any
    variance: Any
    intensity: Any


def gaussian_window(parameters, image_size, patch_size):
    """A window from five numbers without bounds, as a network emits them.

    `(g̃_X, g̃_Y, log σ², log δ̃, log γ) = W h`, `g_X = (A + 1) / 2 (g̃_X + 1)`, `g_Y = (B + 1) / 2
    (g̃_Y + 1)`, `δ = (max(A, B) - 1) / (N - 1) δ̃`

    Convention: the paper counts pixels from 1, and so are these equations meant: with zeros, the
    filters of a square image span it exactly, from its first pixel to its last. Ports that count
    from 0 here and from 1 there are displaced, by 6 pixels for 5 filters on 28 pixels. What comes
    out counts from 0, as arrays do.

    Args:
        parameters: `(batch, 5)`, in the paper's order; the three logarithms are clipped to
            [-10, 10].
        image_size: `(height, width)` in pixels, `B` and `A`.
        patch_size: `N`. A single filter stands at the centre, whatever the stride.

    Returns:
        A `GaussianWindow`, in float32 or wider.

    Raises:
        ValueError: for parameters of another shape, or sizes that are not positive.

    Example:

    >>> window = keras_attn.ops.gaussian_window(np.zeros((1, 5)), (28, 28), 5)
    >>> float(window.center_x[0]), float(window.stride[0])
    (13.5, 6.75)

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, equations 21
        to 24, https://arxiv.org/abs/1502.04623
    """
    parameters = ops.convert_to_tensor(parameters)
    if len(parameters.shape) != 2 or parameters.shape[-1] != 5:
        raise ValueError(f"`parameters` must be (batch, 5). {received(parameters=parameters)}")
    if not hasattr(image_size, "__len__") or len(image_size) != 2:
        raise ValueError(
            f"`image_size` must be a pair (height, width). Received: image_size={image_size!r}"
        )
    height, width = image_size
    check_size("image_size", height)
    check_size("image_size", width)
    check_size("patch_size", patch_size)
    parameters = as_float32(parameters)
    logarithms = ops.clip(parameters[:, 2:], -LARGEST_LOGARITHM, LARGEST_LOGARITHM)
    variance, stride, intensity = (ops.exp(logarithms)[:, n] for n in range(3))
    return GaussianWindow(
        center_x=(width + 1) / 2 * (parameters[:, 0] + 1.0) - 1.0,
        center_y=(height + 1) / 2 * (parameters[:, 1] + 1.0) - 1.0,
        stride=(max(height, width) - 1) / max(patch_size - 1, 1) * stride,
        variance=variance,
        intensity=intensity,
    )


def gaussian_filters(center, stride, variance, patch_size, size, padding_mode="border"):
    """Rows of Gaussian weights over the pixels of one axis.

    `μ_i = g + (i - N / 2 - 0.5) δ`, `F_ia = exp(-(a - μ_i)² / 2σ²) / Z_i`

    | here | in the paper |
    | --- | --- |
    | `center` | `g_X` or `g_Y`, counted from 0 |
    | `stride`, `variance` | `δ`, `σ²` |
    | `patch_size`, `size` | `N`, and `A` or `B` |

    Args:
        center, stride, variance: `(batch,)`, in pixels and square pixels; the variance is positive.
        patch_size: number of filters.
        size: number of pixels.
        padding_mode: what a filter weighs that lies outside of the image. With `"border"` each row
            sums to 1, as in the paper, so that it weighs the pixels of the border; with `"zeros"`
            it fades to nothing as it leaves the image.

    Returns:
        `F`, `(batch, patch_size, size)`, in float32 or wider.

    Raises:
        ValueError: for another rank, sizes that are not positive, or an unknown `padding_mode`.

    Example:

    >>> one = np.ones(1)
    >>> filters = keras_attn.ops.gaussian_filters(1 * one, one, 0.01 * one, 3, 3)
    >>> keras.ops.convert_to_numpy(filters)[0].round(3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, equations 19,
        20, 25 and 26, https://arxiv.org/abs/1502.04623
    """
    if padding_mode not in OUTSIDE:
        raise ValueError(
            f"`padding_mode` must be one of {OUTSIDE}. Received: padding_mode={padding_mode!r}"
        )
    check_size("patch_size", patch_size)
    check_size("size", size)
    axes = {"center": "batch", "stride": "batch", "variance": "batch"}
    given = with_axes(axes, center=center, stride=stride, variance=variance)
    given = [as_float32(each) for each in given]
    if padding_mode == "border":
        return _inside_filters(*given, patch_size, size)
    mean, pixels, variance = _means(*given, patch_size, size)
    mass = ops.exp(precision.maximum(-0.5 * ops.square(mean - pixels) / variance, LEAST_SCORE))
    # What the whole filter sums to, where it is wide enough for an integral to stand for the sum,
    # and where not, its nearest pixel.
    total = ops.sqrt(2.0 * math.pi * variance)
    inside = ops.sum(mass, axis=-1, keepdims=True)
    return mass / precision.maximum(precision.maximum(inside, precision.minimum(total, 1.0)), LEAST)


def _inside_filters(center, stride, variance, patch_size, size):
    """`gaussian_filters` of which each sums to 1."""
    mean, pixels, variance = _means(center, stride, variance, patch_size, size)
    # Less the square of the nearest pixel: far outside, squares differ by less than they round.
    nearest = ops.stop_gradient(ops.clip(ops.round(mean), 0, size - 1))
    scores = (nearest - pixels) * (nearest + pixels - 2.0 * mean) / (2.0 * variance)
    mass = ops.exp(precision.maximum(scores, LEAST_SCORE))
    return mass / ops.sum(mass, axis=-1, keepdims=True)


def _means(center, stride, variance, patch_size, size):
    """`μ`, the pixels and `σ²`, of shapes that fit."""
    steps = ops.arange(patch_size, dtype=center.dtype) - (patch_size - 1) / 2
    mean = center[:, None] + stride[:, None] * steps
    return mean[..., None], ops.arange(size, dtype=center.dtype), variance[:, None, None]


def read_patch(image, filters_y, filters_x):
    """Reads the patch of a window from an image, `F_Y x F_Xᵀ`, for each channel.

    Args:
        image: `x`, `(batch, height, width, channels)`.
        filters_y, filters_x: `F_Y`, `(batch, rows, height)`, and `F_X`, `(batch, columns, width)`.

    Returns:
        The patch, `(batch, rows, columns, channels)`.

    Raises:
        ValueError: for ranks, sizes or batches that do not fit.

    Example:

    >>> image = np.arange(6.0).reshape(1, 2, 3, 1)
    >>> top, left = np.array([[[1.0, 0.0]]]), np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> keras.ops.convert_to_numpy(keras_attn.ops.read_patch(image, top, left))[0, ..., 0].tolist()
    [[0.0, 1.0]]

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, equation 27,
        https://arxiv.org/abs/1502.04623
    """
    image, rows, columns = _with_filters("image", image, "height width", filters_y, filters_x)
    # Rows first: the image is multiplied as it lies in memory, and only what is left is turned.
    height, width = ops.shape(image)[1:3]
    channels = image.shape[-1]
    seen = ops.einsum("bmh,bhk->bmk", rows, ops.reshape(image, (-1, height, width * channels)))
    seen = _channels_before(ops.reshape(seen, (-1, ops.shape(rows)[1], width, channels)))
    found = precision.matmul(seen, ops.swapaxes(columns, 1, 2))
    return _channels_behind(found, channels)


def write_patch(patch, filters_y, filters_x):
    """A patch put where a window is, `F_Yᵀ w F_X`, for each channel: the adjoint of `read_patch`.

    Args:
        patch: `w`, `(batch, rows, columns, channels)`.
        filters_y, filters_x: `F_Y`, `(batch, rows, height)`, and `F_X`, `(batch, columns, width)`.

    Returns:
        An image, `(batch, height, width, channels)`.

    Raises:
        ValueError: for ranks, sizes or batches that do not fit.

    Example:

    >>> patch, filters = np.ones((1, 1, 1, 1)), np.array([[[0.0, 1.0]]])
    >>> image = keras_attn.ops.write_patch(patch, filters, filters)
    >>> keras.ops.convert_to_numpy(image)[0, ..., 0].tolist()
    [[0.0, 0.0], [0.0, 1.0]]

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, equation 29,
        https://arxiv.org/abs/1502.04623
    """
    patch, rows, columns = _with_filters("patch", patch, "rows columns", filters_y, filters_x)
    count, height = ops.shape(rows)[1:]
    width, channels = ops.shape(columns)[2], patch.shape[-1]
    # Rows last: the image is made as it lies in memory.
    strokes = _channels_behind(precision.matmul(_channels_before(patch), columns), channels)
    strokes = ops.reshape(strokes, (-1, count, width * channels))
    found = ops.einsum("bmh,bmk->bhk", rows, strokes)
    return ops.reshape(found, (-1, height, width, channels))


def _channels_before(image):
    """From `(batch, rows, columns, channels)` to `(batch, rows * channels, columns)`."""
    rows, columns = ops.shape(image)[1:3]
    channels = image.shape[-1]
    image = ops.swapaxes(image, 2, 3) if channels != 1 else image
    return ops.reshape(image, (-1, rows * channels, columns))


def _channels_behind(image, channels):
    """From `(batch, rows * channels, columns)` to `(batch, rows, columns, channels)`."""
    _, rows, columns = ops.shape(image)
    if channels == 1:
        return image[..., None]
    return ops.swapaxes(ops.reshape(image, (-1, rows // channels, channels, columns)), 2, 3)


def window_box(window, patch_size):
    """The corners of a window's outermost filters, as pictures show it.

    Args:
        window: a `GaussianWindow`.
        patch_size: `N`.

    Returns:
        `(batch, 4)`: left, top, right and bottom, in pixels from the middle of the first one.

    Example:

    >>> window = keras_attn.ops.gaussian_window(np.zeros((1, 5)), (28, 28), 5)
    >>> keras.ops.convert_to_numpy(keras_attn.ops.window_box(window, 5)).tolist()
    [[0.0, 0.0, 27.0, 27.0]]
    """
    check_size("patch_size", patch_size)
    shapes = [tuple(getattr(each, "shape", ())) for each in window]
    if any(not shapes_match(shape, shapes[0]) for shape in shapes):
        raise ValueError(f"`window` must hold tensors of one shape. Received: shapes {shapes}")
    reach = window.stride * ((patch_size - 1) / 2)
    x, y = window.center_x, window.center_y
    return ops.stack([x - reach, y - reach, x + reach, y + reach], axis=-1)


def _with_filters(name, image, places, filters_y, filters_x):
    """An image whose places are called so, and the filters in its dtype, all checked."""
    axes = {
        name: f"batch {places} channels",
        "filters_y": "batch rows height",
        "filters_x": "batch columns width",
    }
    image = floating(image)
    filters_y, filters_x = (
        ops.cast(ops.convert_to_tensor(each), image.dtype) for each in (filters_y, filters_x)
    )
    tensors = {name: image, "filters_y": filters_y, "filters_x": filters_x}
    image, *filters = with_axes(axes, **tensors)
    for each, tensor in tensors.items():
        if 0 in tensor.shape[1:]:
            raise ValueError(f"`{each}` must be of positive sizes. {received(**{each: tensor})}")
    return image, *filters
