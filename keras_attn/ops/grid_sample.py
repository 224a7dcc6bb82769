"""The differentiable sampler of spatial transformers."""

import math

import keras
from keras import ops

from keras_attn.ops import kernels
from keras_attn.ops.antialiasing import filter_stack, stack_grid
from keras_attn.ops.interpolation import (
    INTERPOLATIONS,
    PADDING_MODES,
    finite_grid,
    sample_taps,
)


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
    options, for any finite or infinite coordinate; coordinates beyond ±1e6 count as ±1e6, and
    NaN counts as -1 with a zero gradient. The arithmetic on coordinates runs in float32
    (float64 for float64 images) whatever the dtype of the images.

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
            height and width. Where the grid does not minify, nothing changes. See
            `keras_attn.ops.antialiasing`.

    Returns:
        `(batch, out_height, out_width, channels)`, with the axes of `grid` and the channels
        where `data_format` has them (after the heads), in the dtype of `images`.

    Raises:
        ValueError: for ranks, sizes or dtypes that do not fit, an unknown option, bicubic
            volumes, and `antialias` where it is not defined.

    Second derivatives are not supported on JAX and TensorFlow.

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
    sampler = GridSample(interpolation, padding_mode, align_corners, data_format, antialias)
    if keras.utils.is_keras_tensor(images) or keras.utils.is_keras_tensor(grid):
        return sampler.symbolic_call(images, grid)
    return sampler.call(images, grid)


@keras.saving.register_keras_serializable(package="keras_attn")
class GridSample(keras.Operation):
    """`grid_sample` as a node of a functional model. Arguments: see `grid_sample`."""

    def __init__(
        self, interpolation, padding_mode, align_corners, data_format, antialias, name=None
    ):
        super().__init__(name=name)
        _check_option("interpolation", interpolation, INTERPOLATIONS)
        _check_option("padding_mode", padding_mode, PADDING_MODES)
        _check_option("data_format", data_format, ("channels_last", "channels_first"))
        if antialias and interpolation != "bilinear":
            raise ValueError(
                "`antialias` is defined for bilinear interpolation. "
                f"Received: interpolation={interpolation!r}"
            )
        self.interpolation = interpolation
        self.padding_mode = padding_mode
        self.align_corners = bool(align_corners)
        self.data_format = data_format
        self.antialias = bool(antialias)

    def compute_output_spec(self, images, grid):
        self._check(images, grid)
        leading, channels = tuple(grid.shape[:-1]), self._channels(images)
        if self.data_format == "channels_first":
            spatial = len(images.shape) - 2
            shape = (*leading[:-spatial], channels, *leading[-spatial:])
        else:
            shape = (*leading, channels)
        return keras.KerasTensor(shape, dtype=images.dtype)

    def call(self, images, grid):
        images, grid = ops.convert_to_tensor(images), ops.convert_to_tensor(grid)
        self._check(images, grid)
        if self.data_format == "channels_first":
            images = ops.moveaxis(images, 1, -1)
        exact = keras.backend.standardize_dtype(images.dtype) == "float64"
        grid = finite_grid(ops.cast(grid, "float64" if exact else "float32"))
        spatial = grid.shape[-1]
        if self.antialias:
            grid = stack_grid(grid, images.shape[1:3], self.align_corners)
            images = filter_stack(images, self.padding_mode, self.align_corners)

        # Heads are more rows of output (or more slices, of a stack): one sampling call.
        shape = ops.shape(grid)
        tail = shape[-grid.shape[-1] :]
        rows = math.prod(shape[1 : -len(tail)])
        sample = kernels.load("grid_sample") or plain_grid_sample
        sampled = sample(
            images,
            ops.reshape(grid, (shape[0], rows, *tail)),
            self.interpolation,
            self.padding_mode,
            self.align_corners,
        )
        sampled = ops.reshape(sampled, (*shape[:-1], images.shape[-1]))
        if self.data_format == "channels_first":
            sampled = ops.moveaxis(sampled, -1, -1 - spatial)
        return sampled

    def get_config(self):
        return {
            "interpolation": self.interpolation,
            "padding_mode": self.padding_mode,
            "align_corners": self.align_corners,
            "data_format": self.data_format,
            "antialias": self.antialias,
            "name": self.name,
        }

    def _check(self, images, grid):
        rank = len(images.shape)
        received = f"Received: images.shape={tuple(images.shape)}, grid.shape={tuple(grid.shape)}"
        if rank not in (4, 5):
            raise ValueError(f"`images` must have rank 4, or 5 for volumes. {received}")
        if len(grid.shape) not in (rank, rank + 1) or grid.shape[-1] != rank - 2:
            raise ValueError(
                f"`grid` must have {rank - 2} coordinates on its last axis and the rank {rank}, "
                f"or {rank + 1} with heads. {received}"
            )
        if None not in (images.shape[0], grid.shape[0]) and images.shape[0] != grid.shape[0]:
            raise ValueError(f"`images` and `grid` must have the same batch size. {received}")
        for name, tensor in (("images", images), ("grid", grid)):
            if not keras.backend.is_float_dtype(tensor.dtype):
                raise ValueError(
                    f"`{name}` must be floating point, as it is differentiated. "
                    f"Received: {name}.dtype={keras.backend.standardize_dtype(tensor.dtype)}"
                )
        if rank == 5 and self.interpolation == "bicubic":
            raise ValueError(f"`interpolation='bicubic'` is defined for images only. {received}")
        if self.antialias:
            size = images.shape[1:3] if self.data_format == "channels_last" else images.shape[2:4]
            if rank == 5 or None in size:
                raise ValueError(
                    f"`antialias=True` needs images of static height and width. {received}"
                )


def plain_grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """`grid_sample` of channels-last images and finite coordinates, in `keras.ops` alone."""
    batch, *sizes, channels = ops.shape(images)
    pixels = math.prod(sizes)
    rows = ops.reshape(ops.cast(images, grid.dtype), (batch * pixels, channels))
    first = ops.arange(batch, dtype="int32") * pixels
    first = ops.reshape(first, (batch, *[1] * (len(grid.shape) - 2)))
    sampled = sum(
        weight[..., None] * ops.take(rows, first + index, axis=0)
        for index, weight in sample_taps(grid, sizes, interpolation, padding_mode, align_corners)
    )
    return ops.cast(sampled, images.dtype)


def _check_option(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}")
