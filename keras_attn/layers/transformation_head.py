import math

import keras
import numpy as np
from keras import ops

from keras_attn.layers.composite import Composite
from keras_attn.ops.checks import check_num_spatial_dims, number_array, positive_integer
from keras_attn.ops.grid_sample import grid_sample
from keras_attn.ops.grids import checked_output_shape, identity_grid, lattice_ticks
from keras_attn.ops.homogeneous import compose_transformations
from keras_attn.ops.known import known
from keras_attn.ops.precision import promote_dtypes
from keras_attn.ops.thin_plate_spline import control_lattice
from keras_attn.ops.tiling import tile_transformations
from keras_attn.ops.transformation import (
    PARAMETERS,
    check_limits,
    limit_shift,
    transformation_matrix,
)

TRANSFORMATIONS = (*PARAMETERS, "thin_plate_spline", "flow")


@keras.saving.register_keras_serializable(package="keras_attn")
class TransformationHead(Composite, keras.layers.Layer):
    """Regresses the transformations of a spatial transformer from features, `θ = start ∘ T(W f)`.

    The last layer of a localization network. Its weights start at zero, and parameters of zero are
    the start: so every transformer begins at the identity, or at a tile of the image of its own.

    Args:
        transformation: see `keras_attn.SpatialTransformer`, like the arguments not listed here.
        num_spatial_dims: 2 for images, 3 for volumes.
        output_size: Tuple of integers, size of the flow, `(height, width)` or `(depth, height,
            width)`. Only for `"flow"`.
        projection: whether to regress; False where the features are the parameters already.
        align_corners: Boolean, convention of the grid that the flow is added to. Tiles of a flow
            depend on it. See `keras_attn.ops.identity_grid`.

    Call arguments:
        features: `(batch, ...)`, flattened; for `"flow"` a map `(batch, rows, columns, features)`
            of any resolution, which is interpolated to that of the flow.
        output_size: Tuple of integers, size of the flow of this call; `None` for the size of the
            constructor. Ignored by other transformations.

    Returns:
        Theta, float32 (float64 under a float64 policy): `(batch, 2, 3)`, projective `(batch, 3,
        3)`, thin plate spline `(batch, K, 2)`, flow `(batch, height, width, 2)`; with several heads
        their axis after the batch; for volumes one coordinate more.

    Raises:
        ValueError: for an unknown or unfitting option, at construction; for features of unknown
            size, or that are not as many as the parameters when `projection=False`, at build.

    Example:

    >>> head = keras_attn.TransformationHead("affine", num_heads=4, initialization="tiling")
    >>> head(np.ones((2, 20), "float32"))[0, 0, 0].shape == (3,)
    True

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 3.1,
        https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        transformation="affine",
        num_spatial_dims=2,
        num_heads=1,
        initialization="identity",
        scale_range=None,
        max_shift=None,
        control_points=(4, 4),
        output_size=None,
        projection=True,
        align_corners=False,
        **kwargs,
    ):
        # Half precision would misplace pixels.
        super().__init__(**{"autocast": False, **kwargs})
        if transformation not in TRANSFORMATIONS:
            raise ValueError(
                f"`transformation` must be one of {TRANSFORMATIONS}. "
                f"Received: transformation={transformation!r}"
            )
        check_num_spatial_dims(num_spatial_dims)
        num_heads = positive_integer("num_heads", num_heads)
        if initialization not in ("identity", "tiling"):
            raise ValueError(
                "`initialization` must be 'identity' or 'tiling'. "
                f"Received: initialization={initialization!r}"
            )
        check_limits(transformation, scale_range, max_shift)
        self.transformation = transformation
        self.num_spatial_dims = num_spatial_dims
        self.num_heads = num_heads
        self.initialization = initialization
        self.scale_range = scale_range
        self.max_shift = max_shift
        self.control_points = number_array("control_points", control_points).tolist()
        self.output_size = output_size
        self.projection = projection
        self.align_corners = align_corners
        # The tiles of the heads, `(num_heads, num_spatial_dims, num_spatial_dims + 1)`.
        self._tiles = tile_transformations(num_heads, num_spatial_dims)
        if transformation == "flow":
            self.output_size = checked_output_shape(output_size, "output_size")
            self._parameter_count = num_heads * num_spatial_dims
        elif transformation == "thin_plate_spline":
            self._theta_shape = control_lattice(control_points, num_spatial_dims).shape
            self._parameter_count = num_heads * math.prod(self._theta_shape)
        else:
            rows = num_spatial_dims + 1 if transformation == "projective" else num_spatial_dims
            self._theta_shape = (rows, num_spatial_dims + 1)
            self._parameter_count = num_heads * PARAMETERS[transformation][num_spatial_dims]

    def build(self, features_shape):
        flow = self.transformation == "flow"
        shape = tuple(features_shape)
        if flow and len(shape) != self.num_spatial_dims + 2:
            raise ValueError(
                f"`features` must be a map of rank {self.num_spatial_dims + 2} for a flow. "
                f"Received: features of shape {shape}"
            )
        if 0 in shape[1:]:
            raise ValueError(
                f"`features` must be of positive sizes. Received: features of shape {shape}"
            )
        if not flow and None not in shape[1:]:
            shape = (shape[0], math.prod(shape[1:]))
        if shape[-1] is None or (not flow and len(shape) != 2):
            raise ValueError(
                "`features` must have a static size. "
                f"Received: features of shape {tuple(features_shape)}"
            )
        if not self.projection and shape[-1] != self._parameter_count:
            raise ValueError(
                f"`features` must be the {self._parameter_count} parameters of "
                f"{self.num_heads} × {self.transformation!r} when `projection=False`. "
                f"Received: features of shape {tuple(features_shape)}"
            )
        self._features = shape[-1]
        if self.projection:
            common = {"kernel_initializer": "zeros", "name": "parameters", "dtype": self._dtype}
            if flow:
                convolution = getattr(keras.layers, f"Conv{self.num_spatial_dims}D")
                self.regression = convolution(
                    self._parameter_count, 3, padding="same", data_format="channels_last", **common
                )
            else:
                self.regression = keras.layers.Dense(self._parameter_count, **common)
            self.regression.build(shape)

    def call(self, features, output_size=None):
        features = ops.cast(features, self._dtype)
        if self.transformation != "flow":
            sizes = features.shape[1:]
            if known(*sizes) and math.prod(sizes) != self._features:
                raise ValueError(
                    f"`features` must have {self._features} values per example, as at `build`. "
                    f"Received: features of shape {tuple(features.shape)}"
                )
            features = ops.reshape(features, (-1, self._features))
        parameters = self.regression(features) if self.projection else features
        heads = (self.num_heads,) if self.num_heads > 1 else ()
        if self.transformation in PARAMETERS:
            theta = transformation_matrix(
                ops.reshape(parameters, (-1, *heads, self._parameter_count // self.num_heads)),
                self.transformation,
                self.num_spatial_dims,
                self.scale_range,
                self.max_shift,
            )
            return (
                compose_transformations(theta, self._start(theta))
                if self.initialization == "tiling"
                else theta
            )
        output_size = output_size or self.output_size
        if self.transformation == "flow":
            parameters = self._resized(parameters, output_size)
        displacement = ops.reshape(parameters, (-1, *heads, *self._theta_shape_of(output_size)))
        displacement = limit_shift(displacement, self.max_shift)
        if self.initialization != "tiling":
            return displacement
        return self._tiled(displacement, output_size)

    def _theta_shape_of(self, output_size):
        """Returns the shape of one theta; `output_size` is the size of a flow."""
        if self.transformation == "flow":
            return (*output_size, self.num_spatial_dims)
        return self._theta_shape

    def _resized(self, flow, output_size):
        """The flow of all heads at the resolution of the output, heads first."""
        grid = identity_grid(output_size, dtype=flow.dtype)
        grid = ops.broadcast_to(grid, (ops.shape(flow)[0], *grid.shape))
        flow = grid_sample(flow, grid, padding_mode="border", data_format="channels_last")
        flow = ops.reshape(flow, (-1, *output_size, self.num_heads, self.num_spatial_dims))
        return ops.moveaxis(flow, -2, 1)

    def _start(self, theta):
        tiles = self._tiles
        if self.transformation == "projective":
            last = np.broadcast_to(
                np.eye(self.num_spatial_dims + 1)[-1:],
                (self.num_heads, 1, self.num_spatial_dims + 1),
            )
            tiles = np.concatenate([tiles, last], axis=1)
        tiles = tiles if self.num_heads > 1 else tiles[0]
        return ops.convert_to_tensor(tiles, dtype=theta.dtype)

    def _tiled(self, displacement, output_size):
        """Displacements that carry each point to its place within the tile: a spline's control
        points, or a flow's pixels."""
        if self.transformation == "flow":
            ticks = lattice_ticks(output_size, self.align_corners)
            points = np.stack(np.broadcast_arrays(*ticks), axis=-1)
        else:
            points = control_lattice(self.control_points, self.num_spatial_dims)
        inner = (1,) * (points.ndim - 1)
        scale = np.diagonal(self._tiles[..., :-1], axis1=1, axis2=2)
        scale = scale.reshape(self.num_heads, *inner, self.num_spatial_dims)
        shift = self._tiles[..., -1].reshape(self.num_heads, *inner, self.num_spatial_dims)
        offset = scale * points + shift - points
        if self.num_heads == 1:
            scale, offset = scale[0], offset[0]
        dtype = displacement.dtype
        scale = ops.convert_to_tensor(scale, dtype=dtype)
        return displacement * scale + ops.convert_to_tensor(offset, dtype=dtype)

    @property
    def _dtype(self):
        return promote_dtypes(self.compute_dtype, "float32")

    def compute_output_shape(self, features_shape, output_size=None):
        heads = (self.num_heads,) if self.num_heads > 1 else ()
        return (features_shape[0], *heads, *self._theta_shape_of(output_size or self.output_size))

    def compute_output_spec(self, features, output_size=None):
        shape = self.compute_output_shape(features.shape, output_size)
        return keras.KerasTensor(shape, dtype=self._dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "transformation": self.transformation,
            "num_spatial_dims": self.num_spatial_dims,
            "num_heads": self.num_heads,
            "initialization": self.initialization,
            "scale_range": self.scale_range,
            "max_shift": self.max_shift,
            "control_points": self.control_points,
            "output_size": self.output_size,
            "projection": self.projection,
            "align_corners": self.align_corners,
        }
