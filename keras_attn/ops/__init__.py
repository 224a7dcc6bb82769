"""The mathematics of attention as pure functions of tensors."""

from keras_attn.ops.grid_sample import grid_sample
from keras_attn.ops.grids import affine_grid, flow_grid, identity_grid, projective_grid
from keras_attn.ops.homogeneous import compose, invert
from keras_attn.ops.thin_plate_spline import thin_plate_spline_grid
from keras_attn.ops.tiling import tiling
from keras_attn.ops.transformation import transformation_matrix

__all__ = [
    "affine_grid",
    "compose",
    "flow_grid",
    "grid_sample",
    "identity_grid",
    "invert",
    "projective_grid",
    "thin_plate_spline_grid",
    "tiling",
    "transformation_matrix",
]
