"""Families of transformations: from a few free numbers to the matrix they stand for."""

import math
import numbers

import numpy as np
from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.checks import check_num_spatial_dims, check_number
from keras_attn.ops.grids import coordinates

# Number of free parameters in the plane and in space.
PARAMETERS = {
    "translation": {2: 2, 3: 3},
    "attention": {2: 3, 3: 4},
    "similarity": {2: 4, 3: 7},
    "affine": {2: 6, 3: 12},
    "projective": {2: 8, 3: 15},
}


def transformation_matrix(
    parameters, transformation="affine", num_spatial_dims=2, scale_range=None, max_shift=None
):
    """The matrix of a transformation, of which parameters of zero are the identity.

    | `transformation` | parameters | matrix in the plane |
    | --- | --- | --- |
    | `"translation"` | `t_x, t_y` | `[[1, 0, t_x], [0, 1, t_y]]` |
    | `"attention"` | `log s, t_x, t_y` | `[[s, 0, t_x], [0, s, t_y]]` |
    | `"similarity"` | `log s, φ, t_x, t_y` | `[s R, t]`, `R = [[cos φ, -sin φ], [sin φ, cos φ]]` |
    | `"affine"` | six | identity + parameters, row by row |
    | `"projective"` | eight | identity + parameters, row by row; the last entry is 1 |

    In space a translation has 3 parameters, attention 4, a similarity 7 (log-scale, the rotation as
    a vector `v` along the axis with `|v| = tan(angle / 2)`, shift), an affine transformation 12 and
    a projective one 15.

    Args:
        parameters: `(..., P)`.
        transformation: one of the above.
        num_spatial_dims: 2 in the plane, 3 in space.
        scale_range: `(lowest, highest)` scale, `0 < lowest <= 1 <= highest`, for attention and
            similarity. The limit is smooth, a tanh in the log-scale on each side of 1.
        max_shift: the largest shift along each axis, in normalised units (1 is half the image). The
            limit is smooth, `max_shift · tanh(t / max_shift)`.

    Returns:
        `(..., 2, 3)` or `(..., 3, 4)`; projective `(..., 3, 3)` or `(..., 4, 4)`. Float32
        (float64 where parameters are).

    Raises:
        ValueError: if the last axis does not hold as many parameters as the transformation has, or
            an option is unknown or does not go with the transformation.

    Example:

    >>> theta = keras_attn.ops.transformation_matrix(np.array([[0.0, 0.5, 0.0]]), "attention")
    >>> [round(float(x), 2) for x in theta[0, 0]]
    [1.0, 0.0, 0.5]

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, equations 1 and 2,
        https://arxiv.org/abs/1506.02025
    """
    check_num_spatial_dims(num_spatial_dims)
    if transformation not in tuple(PARAMETERS):
        raise ValueError(
            f"`transformation` must be one of {tuple(PARAMETERS)}. "
            f"Received: transformation={transformation!r}"
        )
    check_limits(transformation, scale_range, max_shift)
    parameters = coordinates(parameters)
    count = PARAMETERS[transformation][num_spatial_dims]
    if len(parameters.shape) == 0 or parameters.shape[-1] != count:
        raise ValueError(
            f"`parameters` must hold {count} numbers on the last axis for "
            f"transformation={transformation!r}. Received: parameters of shape "
            f"{tuple(parameters.shape)}"
        )
    identity = np.eye(num_spatial_dims, num_spatial_dims + 1)
    if transformation == "projective":
        full = ops.concatenate([parameters, ops.zeros_like(parameters[..., :1])], axis=-1)
        full = _matrix(full, num_spatial_dims + 1, num_spatial_dims + 1)
        theta = full + ops.convert_to_tensor(np.eye(num_spatial_dims + 1), dtype=parameters.dtype)
        if max_shift is None:
            return theta
        top = _limit_shift(theta[..., :num_spatial_dims, :], max_shift)
        return ops.concatenate([top, theta[..., num_spatial_dims:, :]], axis=-2)
    if transformation == "affine":
        theta = _matrix(parameters, num_spatial_dims, num_spatial_dims + 1)
        return _limit_shift(
            theta + ops.convert_to_tensor(identity, dtype=parameters.dtype), max_shift
        )
    shift = ops.expand_dims(parameters[..., count - num_spatial_dims :], -1)
    linear = ops.convert_to_tensor(np.eye(num_spatial_dims), dtype=parameters.dtype)
    if transformation == "similarity":
        linear = _rotation(parameters[..., 1 : count - num_spatial_dims])
    if transformation == "translation":
        # A product: for a batch of one, `keras.ops.add` would call `bias_add`.
        linear = linear * ops.ones_like(shift)
    else:
        log_scale = parameters[..., :1]
        if scale_range is not None:
            log_scale = _limit_log_scale(log_scale, scale_range)
        linear = linear * ops.expand_dims(ops.exp(log_scale), -1)
    return _limit_shift(ops.concatenate([linear, shift], axis=-1), max_shift)


def check_limits(transformation, scale_range, max_shift):
    """Refuses limits that are empty, or that the transformation has no parameter for.

    Args:
        transformation: see `transformation_matrix`; a spline or a flow has no scale either.
        scale_range, max_shift: see `transformation_matrix`, or None.

    Raises:
        ValueError: for such limits.
    """
    if scale_range is not None:
        if transformation not in ("attention", "similarity"):
            raise ValueError(
                "`scale_range` goes with the transformations 'attention' and 'similarity', which "
                f"have a scale of their own. Received: scale_range={scale_range} with "
                f"transformation={transformation!r}"
            )
        pair = isinstance(scale_range, (tuple, list)) and len(scale_range) == 2
        numeric = pair and all(isinstance(scale, numbers.Real) for scale in scale_range)
        if not numeric or not 0 < scale_range[0] <= 1 <= scale_range[1] < math.inf:
            raise ValueError(
                "`scale_range` must be (lowest, highest) with 0 < lowest <= 1 <= highest. "
                f"Received: scale_range={scale_range}"
            )
    if max_shift is not None:
        check_number("max_shift", max_shift, "be positive", lambda value: 0 < value < math.inf)


def limit_shift(shift, max_shift):
    """`max_shift · tanh(shift / max_shift)`: the identity near zero, bounded far from it.

    Args:
        shift: a tensor of any shape.
        max_shift: positive, or None for no limit.
    """
    return shift if max_shift is None else max_shift * precision.tanh(shift / max_shift)


def _limit_shift(theta, max_shift):
    if max_shift is None:
        return theta
    return ops.concatenate([theta[..., :-1], limit_shift(theta[..., -1:], max_shift)], axis=-1)


def _limit_log_scale(log_scale, scale_range):
    sides = []
    for limit in (math.log(scale_range[0]), math.log(scale_range[1])):
        # A side of width zero stays at scale 1.
        sides.append(
            limit * precision.tanh(log_scale / limit) if limit else ops.zeros_like(log_scale)
        )
    # At zero, where training starts, the side that has a gradient.
    lower = log_scale < 0 if scale_range[1] > 1 else log_scale <= 0
    return ops.where(lower, *sides)


def _rotation(parameters):
    if parameters.shape[-1] == 1:
        cos, sin = precision.cos(parameters), precision.sin(parameters)
        return _matrix(ops.concatenate([cos, -sin, sin, cos], axis=-1), 2, 2)
    # The quaternion (1, v), normalised: smooth everywhere, the identity at v = 0.
    square = ops.sum(ops.square(parameters), axis=-1, keepdims=True)
    x, y, z = (parameters[..., i : i + 1] for i in range(3))
    zero = ops.zeros_like(x)
    cross = _matrix(ops.concatenate([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1), 3, 3)
    outer = ops.expand_dims(parameters, -1) * ops.expand_dims(parameters, -2)
    square = ops.expand_dims(square, -1)
    identity = ops.convert_to_tensor(np.eye(3), dtype=parameters.dtype)
    return (identity * (1.0 - square) + 2.0 * outer + 2.0 * cross) / (1.0 + square)


def _matrix(entries, rows, columns):
    leading = [-1 if size is None else size for size in entries.shape[:-1]]
    return ops.reshape(entries, [*leading, rows, columns])
