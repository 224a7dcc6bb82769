"""Thin plate splines: the smoothest warp that carries control points to given places."""

import functools
import math

import keras
import numpy as np
from keras import ops

from keras_attn.ops import kernels, precision
from keras_attn.ops.grids import checked_output_shape, coordinates, identity_grid, lattice_ticks


def thin_plate_spline_grid(displacement, output_shape, control_points=(4, 4), align_corners=False):
    """Grid of a thin plate spline, `T(p) = p + Σ_k w_k U(‖p - c_k‖) + a_0 + a_1 x + a_2 y`.

    The spline interpolates: at control point `c_k` of the output it looks at `c_k +
    displacement_k` of the input. `U(r) = r² log r²` in the plane and `U(r) = r` in space. As the
    control points are fixed, the spline is linear in the displacements, `T(G) = G + M ΔY`, with a
    matrix `M` that is solved for once in float64; a displacement of zero is exactly the identity.

    | here | in the paper |
    | --- | --- |
    | `control_points` | fixed control points of the target, `C` |
    | `displacement` | what the network predicts, `ΔY` |
    | `M` | `[U(G, C) 1 G] L⁻¹` with `L = [[U(C, C), P], [Pᵀ, 0]]` |

    Args:
        displacement: `(..., K, 2)`, or `(..., K, 3)` for volumes, in normalised units, ordered as
            the control points: rows of the lattice from the top, in each row from the left.
        output_shape: `(H, W)`, or `(D, H, W)` for volumes.
        control_points: the number of points along each axis of a lattice that spans [-1, 1],
            `(rows, columns)` or `(planes, rows, columns)`, each at least 2; or the points
            themselves, an array `(K, 2)` or `(K, 3)` of normalised `(x, y)`, not all on one line.
        align_corners: see the convention of `keras_attn.ops.identity_grid`.

    Returns:
        `(..., H, W, 2)` or `(..., D, H, W, 3)`, float32 (float64 where displacement is).

    Raises:
        ValueError: if `displacement` does not end in `(K, 2)` or `(K, 3)`, or the control points do
            not determine a spline.

    Example:

    >>> pinch = np.zeros((1, 16, 2))
    >>> pinch[:, 5] = [0.2, 0.2]
    >>> keras_attn.ops.thin_plate_spline_grid(pinch, (28, 28)).shape == (1, 28, 28, 2)
    True

    Reference:
        Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations",
        1989; Jaderberg et al., "Spatial Transformer Networks", 2015,
        https://arxiv.org/abs/1506.02025
    """
    displacement = coordinates(displacement)
    output_shape = checked_output_shape(output_shape)
    points = control_lattice(control_points, len(output_shape))
    if len(displacement.shape) < 2 or tuple(displacement.shape[-2:]) != points.shape:
        raise ValueError(
            f"`displacement` must be of shape (..., {points.shape[0]}, {points.shape[1]}) for "
            f"{points.shape[0]} control points and output_shape={output_shape}. "
            f"Received: displacement of shape {tuple(displacement.shape)}"
        )
    influence = _influence(tuple(map(tuple, points.tolist())), output_shape, bool(align_corners))
    influence = ops.convert_to_tensor(influence, dtype=displacement.dtype)
    # Factors rounded to 10 bits, as on accelerators, would move pixels.
    matmul = kernels.load("precise_matmul")
    if matmul is None or keras.utils.is_keras_tensor(displacement):
        matmul = precision.matmul
    shift = matmul(influence, displacement)
    leading = [-1 if size is None else size for size in displacement.shape[:-2]]
    shift = ops.reshape(shift, [*leading, *output_shape, len(output_shape)])
    return shift + identity_grid(output_shape, align_corners, displacement.dtype)


def control_lattice(control_points, axes):
    """The control points of a spline.

    Args:
        control_points: see `thin_plate_spline_grid`.
        axes: 2 in the plane, 3 in space.

    Returns:
        A float64 array `(K, axes)`, normalised, x first; a lattice row by row from the top.

    Raises:
        ValueError: for points that do not determine a spline, or are of another number of axes.
    """
    try:
        given = np.asarray(control_points, dtype="float64")
    except (TypeError, ValueError):
        given = np.array(math.nan)
    if given.ndim == 1 and given.size == axes and (given >= 2).all() and (given % 1 == 0).all():
        ticks = lattice_ticks([int(size) for size in given], align_corners=True)
        return np.stack(np.broadcast_arrays(*ticks), axis=-1).reshape(-1, axes)
    affine = np.c_[np.ones(len(given)), given] if given.ndim == 2 else given
    if (
        given.ndim != 2
        or given.shape[1] != axes
        or not np.isfinite(given).all()
        or np.linalg.matrix_rank(affine) <= axes
        or len(np.unique(given, axis=0)) < len(given)
    ):
        raise ValueError(
            f"`control_points` must be {axes} integers of at least 2, or an array of distinct "
            f"points (K, {axes}) that span all {axes} axes. Received: "
            f"control_points={control_points}"
        )
    return given


@functools.lru_cache(maxsize=32)
def _influence(points, output_shape, align_corners):
    """Weight of each control point for each output pixel, `M` of shape `(pixels, K)`."""
    control = np.array(points)
    count, axes = control.shape
    ticks = lattice_ticks(output_shape, align_corners)
    grid = np.stack(np.broadcast_arrays(*ticks), axis=-1).reshape(-1, axes)
    affine = np.c_[np.ones(count), control]
    system = np.zeros((count + axes + 1, count + axes + 1))
    system[:count, :count] = _radial(control, control)
    system[:count, count:] = affine
    system[count:, :count] = affine.T
    features = np.c_[_radial(grid, control), np.ones(len(grid)), grid]
    return np.linalg.solve(system.T, features.T)[:count].T


def _radial(points, centres):
    square = np.sum((points[:, None] - centres) ** 2, axis=-1)
    if points.shape[1] == 3:
        return np.sqrt(square)
    return square * np.log(np.where(square == 0, 1.0, square))
