"""The differentiable sampler of spatial transformers."""

import math

import keras
from keras import ops

from keras_attn.ops import kernels
from keras_attn.ops.antialiasing import filter_stack, stack_grid
from keras_attn.ops.interpolation import (
    INTERPOLATIONS,
    PADDING_MODES,
    axis_taps,
    combine,
    without_nan,
)
from keras_attn.ops.known import as_integers, differ, known
from keras_attn.ops.received import received


def grid_sample(
    images,
    grid,
    interpolation="bilinear",
    padding_mode="zeros",
    align_corners=False,
    data_format=None,
    antialias=False,
):
    """Samples images (or volumes) at the points of a grid; differentiable in both.

    `V[q] = Σ_nm U[n, m] · k(x_q - m) · k(y_q - n)`

    | here | in the paper |
    | --- | --- |
    | `images` | input feature map `U` |
    | `grid` | sampling points `(x_q, y_q)`, in normalised coordinates |
    | `interpolation` | sampling kernel `k`; bilinear is `max(0, 1 - abs(t))` |
    | returned | output feature map `V` |

    Values and gradients are those of `torch.nn.functional.grid_sample` for every combination of
    options. NaN counts as -1 and has a zero gradient. Any other coordinate is fine, infinite ones
    too: far outside of the image (from 1e6 on) zeros and the border are what they are everywhere
    outside; which pixel a reflection meets there is up to rounding. The arithmetic on coordinates
    runs in float32 (float64 for float64 images) whatever the dtype of the images.

    Convention:
        The grid holds *input* coordinates for each *output* pixel, `x` (width) first.
        `align_corners=False`: -1 and 1 are the outer edges of the outer pixels, the centre of
        pixel `j` of `W` is `(2j + 1) / W - 1`. `align_corners=True`: they are the centres of the
        outer pixels, pixel `j` is at `2j / (W - 1) - 1`. The grid must have been made with the
        same choice.

    Args:
        images: floating point, `(batch, height, width, channels)`, or
            `(batch, depth, height, width, channels)` for volumes; the channels stand second
            with `data_format="channels_first"`.
        grid: floating point, `(batch, out_height, out_width, 2)` holding `(x, y)`, or
            `(batch, out_depth, out_height, out_width, 3)` holding `(x, y, z)`. A second axis
            may hold several heads that sample the same image:
            `(batch, heads, out_height, out_width, 2)`.
        interpolation: `"bilinear"` (trilinear for volumes), `"nearest"` (halves to the even
            pixel; no gradient reaches the grid) or `"bicubic"` (images only).
        padding_mode: what lies outside: `"zeros"`, `"border"` (the nearest pixel of the image)
            or `"reflection"` (about the image's edges; about the centres of its outer pixels
            with `align_corners=True`).
        align_corners: which points of the image -1 and 1 are, see above.
        data_format: `"channels_last"` or `"channels_first"`, by default
            `keras.config.image_data_format()`.
        antialias: whether to average over the area that an output pixel covers where the grid
            minifies the image, as a good resize does; bilinear and images only, of static
            height and width. Where the grid does not minify, nothing changes. What a pixel covers
            is told from its neighbours in the grid: along an axis of one pixel nothing is averaged.
            See `keras_attn.ops.antialiasing`.

    Returns:
        `(batch, out_height, out_width, channels)`, with the axes of `grid` and the channels
        where `data_format` has them (after the heads), in the dtype of `images`.

    Raises:
        ValueError: for ranks, sizes or dtypes that do not fit, images without pixels or channels,
            an unknown option, bicubic volumes, and `antialias` where it is not defined.

    Second derivatives are refused on TensorFlow, and on JAX those in forward mode.

    Example:

    >>> image = np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1)
    >>> centre = np.zeros((1, 1, 1, 2), "float32")
    >>> value = keras_attn.ops.grid_sample(image, centre, data_format="channels_last")
    >>> float(value[0, 0, 0, 0])
    1.5

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, equations 3 to 7,
        https://arxiv.org/abs/1506.02025
    """
    data_format = data_format or keras.config.image_data_format()
    options = (interpolation, padding_mode, bool(align_corners), data_format, antialias)
    if keras.utils.is_keras_tensor(images) or keras.utils.is_keras_tensor(grid):
        return GridSample(*options).symbolic_call(images, grid)
    return _sample(images, grid, *options)


@keras.saving.register_keras_serializable(package="keras_attn")
class GridSample(keras.Operation):
    """`grid_sample` as a node of a functional model. Arguments: see `grid_sample`."""

    def __init__(
        self, interpolation, padding_mode, align_corners, data_format, antialias, name=None
    ):
        super().__init__(name=name)
        _check_options(interpolation, padding_mode, data_format, antialias)
        self.options = (interpolation, padding_mode, bool(align_corners), data_format, antialias)

    def call(self, images, grid):
        return _sample(images, grid, *self.options)

    def compute_output_spec(self, images, grid):
        _check(images, grid, *self.options)
        spatial = grid.shape[-1]
        *_, data_format, _ = self.options
        if data_format == "channels_first":
            shape = (*grid.shape[: -1 - spatial], images.shape[1], *grid.shape[-1 - spatial : -1])
        else:
            shape = (*grid.shape[:-1], images.shape[-1])
        return keras.KerasTensor(shape, dtype=images.dtype)

    def get_config(self):
        names = ("interpolation", "padding_mode", "align_corners", "data_format", "antialias")
        return {**dict(zip(names, self.options, strict=True)), "name": self.name}


def _sample(images, grid, interpolation, padding_mode, align_corners, data_format, antialias):
    # Eager calls pay for each operation of Keras, so none is called that changes nothing.
    images, grid = _tensor(images), _tensor(grid)
    options = (interpolation, padding_mode, align_corners)
    dtypes = _check(images, grid, *options, data_format, antialias)
    if data_format == "channels_first":
        images = ops.moveaxis(images, 1, -1)
    dtype = "float64" if dtypes[0] == "float64" else "float32"
    if dtypes[1] != dtype:
        grid = ops.cast(grid, dtype)
    spatial = grid.shape[-1]
    if antialias:
        grid = stack_grid(without_nan(grid), images.shape[1:3], align_corners)
        images = filter_stack(images, padding_mode, align_corners)

    # Heads are more rows of output (or slices of a stack): one sampling call.
    sample = kernels.load("grid_sample") or plain_grid_sample
    if len(grid.shape) == len(images.shape):
        sampled = sample(images, grid, *options)
    else:
        shape = ops.shape(grid)
        tail = shape[-grid.shape[-1] :]
        folded = ops.reshape(grid, (shape[0], math.prod(shape[1 : -len(tail)]), *tail))
        sampled = sample(images, folded, *options)
        sampled = ops.reshape(sampled, (*shape[:-1], ops.shape(images)[-1]))
    if data_format == "channels_first":
        sampled = ops.moveaxis(sampled, -1, -1 - spatial)
    return sampled


def _tensor(value):
    return value if ops.is_tensor(value) else ops.convert_to_tensor(value)


def plain_grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """`grid_sample` of channels-last images, in `keras.ops` alone.

    Args:
        images: `(batch, height, width, channels)`, or with a depth before the height.
        grid: `(batch, ..., axes)` without heads, of the rank of the images; float32, or float64 for
            float64 images.
        interpolation, padding_mode, align_corners: see `grid_sample`.

    Returns:
        `(batch, ..., channels)`, in the dtype of the images.
    """
    batch, *sizes, channels = ops.shape(images)
    pixels = math.prod(sizes)
    rows = ops.reshape(ops.cast(images, grid.dtype), (batch * pixels, channels))
    first = ops.arange(batch, dtype="int32") * pixels
    first = ops.reshape(first, (batch, *[1] * (len(grid.shape) - 2)))
    coordinates = ops.unstack(without_nan(grid), axis=-1)
    axes = axis_taps(coordinates, sizes, interpolation, padding_mode, align_corners)
    sampled = sum(
        weight[..., None] * ops.take(rows, first + index, axis=0)
        for index, weight in combine(axes, sizes)
    )
    return ops.cast(sampled, images.dtype)


def _check_options(interpolation, padding_mode, data_format, antialias):
    _check_option("interpolation", interpolation, INTERPOLATIONS)
    _check_option("padding_mode", padding_mode, PADDING_MODES)
    _check_option("data_format", data_format, ("channels_last", "channels_first"))
    if antialias and interpolation != "bilinear":
        raise ValueError(
            "`antialias` is defined for bilinear interpolation. "
            f"Received: antialias={antialias}, interpolation={interpolation!r}"
        )


def _check(images, grid, interpolation, padding_mode, align_corners, data_format, antialias):
    """Refuses what does not fit; returns the names of the dtypes of images and grid."""
    _check_options(interpolation, padding_mode, data_format, antialias)
    rank = len(images.shape)
    if rank not in (4, 5):
        raise ValueError(
            f"`images` must have rank 4, or 5 for volumes. {received(images=images, grid=grid)}"
        )
    if len(grid.shape) not in (rank, rank + 1) or grid.shape[-1] != rank - 2:
        raise ValueError(
            f"`grid` must have {rank - 2} coordinates on its last axis and the rank {rank}, "
            f"or {rank + 1} with heads. {received(images=images, grid=grid)}"
        )
    if 0 in images.shape[1:]:
        raise ValueError(
            "`images` must have at least one pixel and one channel. "
            f"{received(images=images, grid=grid)}"
        )
    if differ(images.shape[0], grid.shape[0]):
        raise ValueError(
            "`images` and `grid` must have the same batch size. "
            f"{received(images=images, grid=grid)}"
        )
    dtypes = [keras.backend.standardize_dtype(tensor.dtype) for tensor in (images, grid)]
    for name, dtype in zip(("images", "grid"), dtypes, strict=True):
        if "float" not in dtype:
            raise ValueError(
                f"`{name}` must be floating point, as it is differentiated. "
                f"Received: {name}.dtype={dtype}"
            )
    if rank == 5 and interpolation == "bicubic":
        raise ValueError(
            f"`interpolation='bicubic'` is defined for images only. {received(images=images)}"
        )
    if antialias:
        size = images.shape[1:3] if data_format == "channels_last" else images.shape[2:4]
        if rank == 5 or not known(*as_integers(size)):
            raise ValueError(
                "`antialias=True` needs images of static height and width. "
                f"{received(images=images)}"
            )
    return dtypes


def _check_option(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}")
