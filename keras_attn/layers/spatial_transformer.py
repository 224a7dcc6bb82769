import keras
import numpy as np
from keras import ops

from keras_attn.layers.composite import Composite, unbuilt_config
from keras_attn.layers.grid_generator import GridGenerator
from keras_attn.layers.localization import default_localization
from keras_attn.layers.transformation_head import TransformationHead
from keras_attn.layers.users_layers import symbolic_output
from keras_attn.ops.checks import number_array, positive_integer
from keras_attn.ops.grid_sample import GridSample
from keras_attn.ops.grids import checked_output_shape
from keras_attn.ops.known import as_integers, known
from keras_attn.ops.precision import promote_dtypes


@keras.saving.register_keras_serializable(package="keras_attn")
class SpatialTransformer(Composite, keras.layers.Layer):
    """Warps a feature map by a transformation that it infers from the map itself.

    `θ = f_loc(U)`, `(x_i, y_i) = T_θ(G_i)`, `V_i = Σ_nm U_nm k(x_i - m) k(y_i - n)`

    It learns where to look from the task alone: no labels say what to look at. With
    `num_heads=N`, N transformers look at the same map at once, in one sampling call.

    | here | in the paper |
    | --- | --- |
    | feature map | `U` |
    | `localization` and the dense layer behind it | `f_loc` |
    | `theta` | `θ` |
    | `transformation` | `T_θ` |
    | `output_size` | size of the regular grid `G` |
    | `interpolation` | sampling kernel `k` |
    | output | `V` |

    Convention: theta maps output to input coordinates, so a scale below 1 zooms in; coordinates
    are normalised, x first (see `keras_attn.ops.identity_grid`). A rotation turns normalised
    coordinates, so it is a rotation of pixels where the map is as high as it is wide.

    Args:
        localization: a layer or model from the feature map to features, or None for the paper's:
            the map at half its size, two 5×5 convolutions of 20 filters, a dense layer of 20. What
            it gives is flattened (a map for `"flow"`).
        output_size: `(height, width)`, or `(depth, height, width)` for volumes; one integer for all
            axes; None for the size of the input.
        transformation: `"translation"`, `"attention"` (isotropic scale and shift), `"similarity"`,
            `"affine"`, `"projective"`, `"thin_plate_spline"` or `"flow"` (a displacement for each
            pixel). See `keras_attn.ops.transformation_matrix` for the parameters of each.
        num_heads: the number of transformers.
        initialization: the transformation at the start of training: `"identity"`, or `"tiling"`,
            where each head looks at its own tile of the image. Parameters and their limits act
            within the tile, so `transformation="translation"` with 4 tiled heads is attention at a
            fixed scale of one half.
        scale_range: `(lowest, highest)` scale relative to the start, `0 < lowest <= 1 <= highest`,
            for `"attention"` and `"similarity"`.
        max_shift: the largest shift along each axis relative to the start, in normalised units (1
            is half the image); for a thin plate spline or a flow, the largest displacement.
        control_points: of the thin plate spline, see `keras_attn.ops.thin_plate_spline_grid`.
        projection: whether a dense layer that starts at zero (a 3×3 convolution for `"flow"`) turns
            the features into parameters. False where the localization network gives the
            parameters itself, `num_heads × parameters` of them; parameters of zero are the start.
        interpolation, padding_mode, align_corners, antialias: see `keras_attn.ops.grid_sample`.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default. A localization network of your own gets the map as it is.

    Call arguments:
        feature_map: `(batch, height, width, channels)`, or with a depth before the height; in
            channels_first format the channels come after the batch.
        return_transformation: whether to return theta and the grid as well.

    Returns:
        The warped map `(batch, *output_size, channels)`, with several heads `(batch, num_heads,
        *output_size, channels)`; in channels_first format the channels come before the sizes. With
        `return_transformation=True` a tuple `(warped, theta, grid)`: theta `(batch, 2, 3)`,
        projective `(batch, 3, 3)`, thin plate spline `(batch, K, 2)`, flow `(batch, height, width,
        2)`, as `keras_attn.GridGenerator` takes it; the grid `(batch, height, width, 2)`; both with
        the heads after the batch where there are several, and in float32.
        Where theta is not finite, so that a coordinate is NaN, the output is finite all the same:
        see `keras_attn.ops.grid_sample`.

    Raises:
        ValueError: for an unknown or unfitting option, at construction; for an input of the wrong
            rank or a localization network with the wrong number of outputs, at build.

    Example:

    >>> layer = keras_attn.SpatialTransformer(output_size=20, data_format="channels_last")
    >>> warped, theta, grid = layer(np.ones((2, 28, 28, 1)), return_transformation=True)
    >>> tuple(warped.shape), tuple(theta.shape), tuple(grid.shape)
    ((2, 20, 20, 1), (2, 2, 3), (2, 20, 20, 2))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        localization=None,
        output_size=None,
        transformation="affine",
        num_heads=1,
        initialization="identity",
        scale_range=None,
        max_shift=None,
        control_points=(4, 4),
        projection=True,
        interpolation="bilinear",
        padding_mode="zeros",
        align_corners=False,
        antialias=False,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if localization is None and not projection:
            raise ValueError(
                "`projection` can be False only where `localization` gives the parameters itself. "
                "Received: projection=False with localization=None"
            )
        if not (localization is None or isinstance(localization, keras.layers.Layer)):
            raise ValueError(
                "`localization` must be a Keras layer or model, or None. "
                f"Received: localization={localization!r}"
            )
        if isinstance(output_size, (tuple, list)):
            output_size = checked_output_shape(output_size, "output_size")
        elif output_size is not None:
            output_size, _ = checked_output_shape((output_size,) * 2, "output_size")
        self.localization = localization
        self.output_size = output_size
        self.transformation = transformation
        self.num_heads = positive_integer("num_heads", num_heads)
        self.initialization = initialization
        self.scale_range = scale_range
        self.max_shift = max_shift
        self.control_points = number_array("control_points", control_points).tolist()
        self.projection = projection
        self.interpolation = interpolation
        self.padding_mode = padding_mode
        self.align_corners = align_corners
        self.antialias = antialias
        self.data_format = data_format or keras.config.image_data_format()
        self._default_localization = localization is None
        self._input_size = None  # of the map that the layer is built with
        self._sample = GridSample(
            interpolation, padding_mode, align_corners, self.data_format, antialias
        )
        # Refuses bad options now; the head in use is made at build, when the axes are known.
        axes = 3 if np.shape(control_points)[-1:] == (3,) else 2
        self._make_head(axes, output_size=(1,) * axes)

    def _make_head(self, axes, output_size):
        return TransformationHead(
            transformation=self.transformation,
            num_spatial_dims=axes,
            num_heads=self.num_heads,
            initialization=self.initialization,
            scale_range=self.scale_range,
            max_shift=self.max_shift,
            control_points=self.control_points,
            output_size=output_size if self.transformation == "flow" else None,
            projection=self.projection,
            align_corners=self.align_corners,
            dtype=self.dtype_policy,
            name="transformation",
        )

    def build(self, input_shape):
        batch, channels, sizes = self._unpacked(input_shape)
        axes = len(sizes)
        self._input_size = sizes
        size = self._resolved_output_size(sizes)
        if self._default_localization:
            input_shape = (batch, *sizes, channels)
            self.localization = default_localization(
                axes, dense=self.transformation != "flow", dtype=self.dtype_policy
            )
        features = symbolic_output("localization", self.localization, tuple(input_shape))
        self.head = self._make_head(axes, size)
        try:
            self.head.build(features.shape)
        except ValueError as error:
            raise ValueError(f"`localization` does not fit the transformation: {error}") from error
        flow = self.transformation == "flow"
        self.generator = self._make_generator(None if flow else size)
        self.generator.build(self.head.compute_output_shape(features.shape))

    def _unpacked(self, input_shape):
        """Batch, channels and sizes of the map."""
        batch, *sizes = input_shape
        if len(sizes) not in (3, 4) or 0 in sizes:
            raise ValueError(
                "`feature_map` must be of rank 4, (batch, height, width, channels), or 5, with a "
                "depth, and of positive sizes. "
                f"Received: feature_map of shape {tuple(input_shape)}"
            )
        if self._input_size is not None and len(sizes) != len(self._input_size) + 1:
            raise ValueError(
                f"`feature_map` must be of rank {len(self._input_size) + 2}, with which the layer "
                f"was built. Received: feature_map of shape {tuple(input_shape)}"
            )
        channels = sizes.pop(0 if self.data_format == "channels_first" else -1)
        return batch, channels, as_integers(sizes)

    def _resolved_output_size(self, input_size):
        size = input_size if self.output_size is None else self.output_size
        if isinstance(size, int):
            size = (size,) * len(input_size)
        if not known(*size) or len(size) != len(input_size):
            raise ValueError(
                "`output_size` must give the size of every axis of the map, or be None for a map "
                f"of static size. Received: output_size={self.output_size} for a map of size "
                f"{input_size}"
            )
        return size

    def _make_generator(self, output_size, inverse=False):
        matrix = self.transformation not in ("projective", "thin_plate_spline", "flow")
        return GridGenerator(
            "affine" if matrix else self.transformation,
            output_size=output_size,
            control_points=self.control_points,
            inverse=inverse,
            align_corners=self.align_corners,
            dtype=self.dtype_policy,
            name="grid",
        )

    def call(self, feature_map, return_transformation=False):
        theta = self.localize(feature_map)
        grid = self._generator_of(feature_map.shape)(theta)
        warped = self._sample(feature_map, grid)
        return (warped, theta, grid) if return_transformation else warped

    def localize(self, feature_map):
        """Theta for each feature map, without sampling; see the call for the shapes."""
        size = self._flow_size(feature_map.shape)
        if self._default_localization and self.data_format == "channels_first":
            feature_map = ops.moveaxis(feature_map, 1, -1)
        return self.head(self.localization(feature_map), output_size=size)

    def _flow_size(self, input_shape):
        """Returns the size of the flow for a feature map; `None` for other transformations."""
        sizes = self._unpacked(input_shape)[2]
        return self._resolved_output_size(sizes) if self.transformation == "flow" else None

    def _generator_of(self, input_shape):
        """Returns the grid generator for a feature map of this shape."""
        if self.transformation == "flow" or self.output_size is not None:
            return self.generator
        size = self._resolved_output_size(self._unpacked(input_shape)[2])
        return self.generator if size == self._input_size else self._make_generator(size)

    def inverse(self, warped, theta, input_size=None):
        """Puts what the transformer took back where it took it from, zeros elsewhere.

        Args:
            warped: `(batch, *output_size, channels)`, or with heads `(batch, num_heads,
                *output_size, channels)`, in the layer's data format.
            theta: as the layer returned it.
            input_size: Tuple of positive integers, spatial size of the feature map to return.
                Defaults to the size of `warped` if the layer has `output_size=None`, else to the
                size of the feature map at `build`.

        Returns:
            `(batch, height, width, channels)` of the size of the input, with heads `(batch,
            num_heads, height, width, channels)`.

        Raises:
            ValueError: for a thin plate spline or a flow, which have no inverse in closed form;
                before the layer has seen a map, or for maps of unknown size.
        """
        if self.transformation in ("thin_plate_spline", "flow"):
            raise ValueError(
                "`inverse` needs a transformation with an inverse in closed form. "
                f"Received: transformation={self.transformation!r}"
            )
        if not self.built:
            raise ValueError("`inverse` requires a built layer. Received: a layer not built yet")
        if input_size is None:
            input_size = self._input_size
            if self.output_size is None:
                shape = warped.shape if self.num_heads == 1 else (None, *warped.shape[2:])
                input_size = self._unpacked(shape)[2]
        if not known(*input_size):
            raise ValueError(
                "`input_size` must be given if the layer was built for maps of unknown size. "
                f"Received: input_size={input_size}"
            )
        if self.num_heads > 1:
            warped = ops.reshape(warped, (-1, *warped.shape[2:]))
            theta = ops.reshape(theta, (-1, *theta.shape[2:]))
        grid = self._make_generator(tuple(input_size), inverse=True)(theta)
        # Zeros where nothing was taken, whatever the map was padded with.
        interpolation, _, *others = self._sample.options
        canvas = GridSample(interpolation, "zeros", *others)(warped, grid)
        if self.num_heads > 1:
            canvas = ops.reshape(canvas, (-1, self.num_heads, *canvas.shape[1:]))
        return canvas

    def compute_output_shape(self, input_shape):
        batch, channels, sizes = self._unpacked(input_shape)
        size = self._resolved_output_size(sizes)
        heads = (self.num_heads,) if self.num_heads > 1 else ()
        if self.data_format == "channels_first":
            return (batch, *heads, channels, *size)
        return (batch, *heads, *size, channels)

    def compute_output_spec(self, feature_map, return_transformation=False):
        shape = self.compute_output_shape(feature_map.shape)
        warped = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if not return_transformation:
            return warped
        size = self._flow_size(feature_map.shape)
        theta_shape = self.head.compute_output_shape(feature_map.shape, size)
        dtype = promote_dtypes(self.compute_dtype, "float32")
        theta = keras.KerasTensor(theta_shape, dtype=dtype)
        return warped, theta, self._generator_of(feature_map.shape).compute_output_spec(theta)

    def get_config(self):
        localization = None
        if not self._default_localization:
            localization = unbuilt_config(self.localization)
        return {
            **super().get_config(),
            "localization": localization,
            "output_size": self.output_size,
            "transformation": self.transformation,
            "num_heads": self.num_heads,
            "initialization": self.initialization,
            "scale_range": self.scale_range,
            "max_shift": self.max_shift,
            "control_points": self.control_points,
            "projection": self.projection,
            "interpolation": self.interpolation,
            "padding_mode": self.padding_mode,
            "align_corners": self.align_corners,
            "antialias": self.antialias,
            "data_format": self.data_format,
        }
