import keras

from keras_attn.ops.checks import number_array
from keras_attn.ops.grids import (
    affine_grid,
    checked_output_shape,
    flow_grid,
    projective_grid,
)
from keras_attn.ops.homogeneous import invert_transformations
from keras_attn.ops.thin_plate_spline import control_lattice, thin_plate_spline_grid

TRANSFORMATIONS = ("affine", "projective", "thin_plate_spline", "flow")


@keras.saving.register_keras_serializable(package="keras_attn")
class GridGenerator(keras.layers.Layer):
    """Turns the parameters of a transformation into the grid it samples, `T_θ(G)`.

    The grid generator of a spatial transformer, for those who bring their own theta.

    | here | in the paper |
    | --- | --- |
    | `theta` | `θ` |
    | `output_size` | size of the regular grid `G` |

    Convention: see `keras_attn.ops.identity_grid`.

    Args:
        transformation: `"affine"`, `"projective"`, `"thin_plate_spline"` or `"flow"`.
        output_size: `(height, width)`, or `(depth, height, width)` for volumes. A flow has its own
            size: leave it out there.
        control_points: of the thin plate spline, see `keras_attn.ops.thin_plate_spline_grid`.
        inverse: whether to generate the grid of the inverse transformation, which puts a patch back
            where it was taken; for `"affine"` and `"projective"`.
        align_corners: whether -1 and 1 are the centres or the outer edges of the border pixels.

    Call arguments:
        theta: affine `(batch, 2, 3)` or flat `(batch, 6)`; projective `(batch, 3, 3)` or `(batch,
            9)`; thin plate spline displacements `(batch, K, 2)` or `(batch, 2K)`; flow `(batch,
            height, width, 2)`. All but the flat ones may have a heads axis after the batch; volumes
            have a coordinate more.

    Returns:
        The grid `(batch, height, width, 2)` or `(batch, heads, height, width, 2)`, for volumes
        `(batch, depth, height, width, 3)`; float32 (float64 where theta is).

    Raises:
        ValueError: for an unknown option or a bad size, at construction; at build, for theta of a
            wrong shape.

    Example:

    >>> zoom = np.array([[0.5, 0.0, 0.0, 0.0, 0.5, 0.0]])
    >>> keras_attn.GridGenerator("affine", (28, 28))(zoom).shape == (1, 28, 28, 2)
    True

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 3.2,
        https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        transformation="affine",
        output_size=None,
        control_points=(4, 4),
        inverse=False,
        align_corners=False,
        **kwargs,
    ):
        # Half precision would misplace pixels: neither the parameters nor the grid are rounded.
        super().__init__(**{"autocast": False, **kwargs})
        if transformation not in TRANSFORMATIONS:
            raise ValueError(
                f"`transformation` must be one of {TRANSFORMATIONS}. "
                f"Received: transformation={transformation!r}"
            )
        if transformation == "flow" and output_size is not None:
            raise ValueError(
                "`output_size` must be None for a flow, whose size is that of the output. "
                f"Received: output_size={output_size}"
            )
        if inverse and transformation not in ("affine", "projective"):
            raise ValueError(
                "`inverse` needs a transformation with an inverse in closed form, 'affine' or "
                f"'projective'. Received: inverse={inverse} with transformation={transformation!r}"
            )
        self.transformation = transformation
        self.output_size = output_size
        self.control_points = number_array("control_points", control_points).tolist()
        self.inverse = inverse
        self.align_corners = align_corners
        if transformation != "flow":
            self.output_size = checked_output_shape(output_size, "output_size")
        if transformation == "thin_plate_spline":
            control_lattice(control_points, len(self.output_size))

    def build(self, theta_shape):
        self.compute_output_shape(theta_shape)

    def call(self, theta):
        self.compute_output_shape(theta.shape)
        matrix = self._matrix_shape()
        if matrix is not None and len(theta.shape) == 2:
            theta = keras.ops.reshape(theta, (-1, *matrix))
        if self.transformation == "flow":
            return flow_grid(theta, self.align_corners)
        if self.transformation == "thin_plate_spline":
            return thin_plate_spline_grid(
                theta, self.output_size, self.control_points, self.align_corners
            )
        if self.inverse:
            theta = invert_transformations(theta)
        generate = affine_grid if self.transformation == "affine" else projective_grid
        return generate(theta, self.output_size, self.align_corners)

    def compute_output_shape(self, theta_shape):
        matrix = self._matrix_shape()
        theta_shape = tuple(theta_shape)
        if matrix is None:
            if theta_shape[-1] not in (2, 3) or len(theta_shape) < theta_shape[-1] + 2:
                raise ValueError(
                    "`theta` must be of shape (batch, height, width, 2) or (batch, depth, height, "
                    f"width, 3) for a flow. Received: theta of shape {theta_shape}"
                )
            return theta_shape
        flat = matrix[0] * matrix[1]
        if theta_shape[1:] == (flat,):
            leading = theta_shape[:1]
        elif len(theta_shape) in (3, 4) and theta_shape[-2:] == matrix:
            leading = theta_shape[:-2]
        else:
            raise ValueError(
                f"`theta` must be of shape (batch, {matrix[0]}, {matrix[1]}), (batch, heads, "
                f"{matrix[0]}, {matrix[1]}) or (batch, {flat}) for transformation="
                f"{self.transformation!r}. Received: theta of shape {theta_shape}"
            )
        return (*leading, *self.output_size, len(self.output_size))

    def compute_output_spec(self, theta):
        dtype = "float64" if theta.dtype == "float64" else "float32"
        return keras.KerasTensor(self.compute_output_shape(theta.shape), dtype=dtype)

    def _matrix_shape(self):
        """Shape of one theta; None for a flow, whose size is its own."""
        if self.transformation == "flow":
            return None
        axes = len(self.output_size)
        if self.transformation == "thin_plate_spline":
            return control_lattice(self.control_points, axes).shape
        return (axes, axes + 1) if self.transformation == "affine" else (axes + 1, axes + 1)

    def get_config(self):
        return {
            **super().get_config(),
            "transformation": self.transformation,
            "output_size": self.output_size,
            "control_points": self.control_points,
            "inverse": self.inverse,
            "align_corners": self.align_corners,
        }
