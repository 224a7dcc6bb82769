"""Sampling grids: where in the input each output pixel looks.

Glossary of shapes:
    ...:     free leading axes, usually `(batch,)` or `(batch, heads)`
    H, W, D: height, width and depth of the output
    grid:    `(..., H, W, 2)` holding `(x, y)`, or `(..., D, H, W, 3)` holding `(x, y, z)`

Convention (all of `keras_attn`):
    - A transformation maps coordinates of the *output* to coordinates of the *input*, so a scale
      below 1 zooms in.
    - Coordinates are normalised: -1 and 1 are the two ends of the image, x runs with the columns
      and comes first. With `align_corners=False` the ends are the outer edges of the border
      pixels, the centre of pixel `j` of `W` is `(2j + 1) / W - 1`; with `align_corners=True` they
      are the centres of the border pixels, `-1 + 2j / (W - 1)`, and an axis of one pixel lies at 0.
    - Coordinates are float32 (float64 for float64 input), whatever the precision of the model.
"""

import keras
import numpy as np
from keras import ops

from keras_attn.ops.known import as_integers
from keras_attn.ops.precision import as_float32, promote_dtypes

# Where a projective transformation sees a point behind the camera: outside of every image, and
# small enough that no later product overflows.
FAR_OUTSIDE = 1e6


def identity_grid(output_shape, align_corners=False, dtype=None):
    """The grid that looks at every pixel's own place.

    Args:
        output_shape: `(H, W)` or `(D, H, W)`, positive integers.
        align_corners: whether -1 and 1 are centres (True) or outer edges (False) of the border
            pixels.
        dtype: String, `"float32"` or `"float64"`. Defaults to `keras.config.floatx()`, or
            float32 if `floatx` is of half precision.

    Returns:
        A tensor `(H, W, 2)` or `(D, H, W, 3)`.

    Raises:
        ValueError: if `output_shape` is not two or three positive integers.

    Example:

    >>> grid = keras_attn.ops.identity_grid((2, 4))
    >>> [round(float(x), 2) for x in grid[0, :, 0]]
    [-0.75, -0.25, 0.25, 0.75]
    """
    points = np.stack(np.broadcast_arrays(*lattice_ticks(output_shape, align_corners)), axis=-1)
    if dtype is None:
        dtype = promote_dtypes(keras.config.floatx(), "float32")
    elif not _is_precise(dtype):
        raise ValueError(f'`dtype` must be "float32" or "float64". Received: dtype={dtype!r}')
    return ops.convert_to_tensor(points, dtype=dtype)


def affine_grid(theta, output_shape, align_corners=False):
    """Grid of an affine transformation, `(x_s, y_s)ᵀ = A_θ (x_t, y_t, 1)ᵀ`.

    | here | in the paper |
    | --- | --- |
    | `theta` | `A_θ` |
    | coordinates of the output | target coordinates `(x_t, y_t)` of the regular grid `G` |
    | the result | source coordinates `(x_s, y_s)`, `T_θ(G)` |

    Args:
        theta: `(..., 2, 3)`, or `(..., 3, 4)` for volumes; the last column is the shift, in
            normalised units.
        output_shape: `(H, W)`, or `(D, H, W)` for volumes.
        align_corners: see the convention of `keras_attn.ops.identity_grid`.

    Returns:
        `(..., H, W, 2)` or `(..., D, H, W, 3)`, float32 (float64 where theta is).

    Raises:
        ValueError: if theta does not end in the shape that `output_shape` asks for.

    Example:

    >>> zoom = np.array([[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]])
    >>> keras_attn.ops.affine_grid(zoom, (28, 28)).shape == (1, 28, 28, 2)
    True

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, equation 1,
        https://arxiv.org/abs/1506.02025
    """
    theta = coordinates(theta)
    axes = len(checked_output_shape(output_shape))
    _check_matrix(theta, (axes, axes + 1), output_shape)
    return _linear_map(theta, output_shape, align_corners)


def projective_grid(theta, output_shape, align_corners=False):
    """Grid of a projective transformation (homography), `(x, y, w)ᵀ = H (x_t, y_t, 1)ᵀ`.

    The source is `(x / w, y / w)`. Points with `w <= 0` lie behind the camera and count as
    outside of the image, and so do those with `w` below 10⁻⁶ of the last row's largest entry: they
    get the coordinate 10⁶ and no gradient.

    Args:
        theta: `(..., 3, 3)`, or `(..., 4, 4)` for volumes. The scale of the matrix does not
            matter, its sign does: `w` is positive in front of the camera.
        output_shape: `(H, W)`, or `(D, H, W)` for volumes.
        align_corners: see the convention of `keras_attn.ops.identity_grid`.

    Returns:
        `(..., H, W, 2)` or `(..., D, H, W, 3)`, float32 (float64 where theta is).

    Raises:
        ValueError: if theta does not end in the shape that `output_shape` asks for.

    Example:

    >>> keras_attn.ops.projective_grid(np.eye(3)[None], (4, 6)).shape == (1, 4, 6, 2)
    True

    Reference:
        Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2004, section 2.3.
    """
    theta = coordinates(theta)
    axes = len(checked_output_shape(output_shape))
    _check_matrix(theta, (axes + 1, axes + 1), output_shape)
    mapped = _linear_map(theta, output_shape, align_corners)
    numerator, w = mapped[..., :axes], mapped[..., axes:]
    if 0 in theta.shape:
        return numerator  # nothing has no largest entry
    largest = ops.max(ops.abs(ops.stop_gradient(theta[..., axes, :])), axis=-1)
    for _ in range(axes + 1):
        largest = ops.expand_dims(largest, -1)
    in_front = w > 1e-6 * largest
    # The inner `where` keeps the unused branch of the outer one free of divisions by zero, whose
    # gradient would be NaN.
    return ops.where(in_front, numerator / ops.where(in_front, w, 1.0), FAR_OUTSIDE)


def flow_grid(flow, align_corners=False):
    """Grid of a dense displacement field, `(x_s, y_s) = (x_t, y_t) + flow(x_t, y_t)`.

    Args:
        flow: `(..., H, W, 2)` holding `(Δx, Δy)`, or `(..., D, H, W, 3)`, in normalised units: 2 is
            the width of the image. To go from pixels to normalised units multiply by `2 / W`
            (`2 / (W - 1)` with `align_corners=True`).
        align_corners: see the convention of `keras_attn.ops.identity_grid`.

    Returns:
        The grid, shaped like `flow`, float32 (float64 where flow is).

    Raises:
        ValueError: if the last axis of `flow` is not 2 or 3, or its rank is too small.

    Example:

    >>> keras_attn.ops.flow_grid(np.zeros((1, 4, 6, 2))).shape == (1, 4, 6, 2)
    True
    """
    flow = coordinates(flow)
    axes = flow.shape[-1] if len(flow.shape) else 0
    if axes not in (2, 3) or len(flow.shape) < axes + 1 or 0 in flow.shape[-1 - axes : -1]:
        raise ValueError(
            "`flow` must be of shape (..., H, W, 2) or (..., D, H, W, 3). "
            f"Received: flow of shape {tuple(flow.shape)}"
        )
    size = as_integers(flow.shape[-1 - axes : -1])
    return flow + identity_grid(size, align_corners, flow.dtype)


def coordinates(tensor):
    """The tensor in the precision of coordinates: float32, or float64 where it is that."""
    tensor = ops.convert_to_tensor(tensor)
    return as_float32(tensor)


def checked_output_shape(output_shape, name="output_shape"):
    """`output_shape` as a tuple, refused unless it is two or three positive integers."""
    shape = tuple(output_shape) if isinstance(output_shape, (tuple, list)) else ()
    if len(shape) not in (2, 3) or not all(
        isinstance(size, (int, np.integer)) and size > 0 for size in shape
    ):
        raise ValueError(
            f"`{name}` must be two or three positive integers, (H, W) or (D, H, W). "
            f"Received: {name}={output_shape}"
        )
    return tuple(int(size) for size in shape)


def lattice_ticks(output_shape, align_corners):
    """Normalised coordinates of the pixels along each axis.

    Args:
        output_shape: `(H, W)` or `(D, H, W)`.
        align_corners: see `identity_grid`.

    Returns:
        A list of float64 arrays `(W,)`, `(H, 1)` and, for volumes, `(D, 1, 1)`, which broadcast to
        `output_shape`.

    Raises:
        ValueError: if `output_shape` is not two or three positive integers.
    """
    shape = checked_output_shape(output_shape)
    ticks = []
    for axis, size in enumerate(reversed(shape)):
        if align_corners:
            line = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
        else:
            line = (2.0 * np.arange(size) + 1.0) / size - 1.0
        ticks.append(line.reshape([-1, *(1,) * axis]))
    return ticks


def _is_precise(dtype):
    """True for float32 and float64, as names or types of the backend."""
    try:
        return keras.backend.standardize_dtype(dtype) in ("float32", "float64")
    except (TypeError, ValueError):
        return False


def _linear_map(theta, output_shape, align_corners):
    # Sums of products instead of a matrix product: accelerators round the factors of a matrix
    # product to ten bits, a fifth of a pixel at 224. The sum grows to full size only at its end.
    axes = len(output_shape)
    columns = ops.reshape(theta, [-1, *(1,) * axes, theta.shape[-2], axes + 1])
    total = columns[..., axes]
    for axis, ticks in enumerate(lattice_ticks(output_shape, align_corners)):
        total = total + columns[..., axis] * ops.convert_to_tensor(
            ticks[..., None], dtype=theta.dtype
        )
    leading = [-1 if size is None else size for size in theta.shape[:-2]]
    return ops.reshape(total, [*leading, *output_shape, theta.shape[-2]])


def _check_matrix(theta, expected, output_shape):
    if len(theta.shape) < 2 or tuple(theta.shape[-2:]) != expected:
        raise ValueError(
            f"`theta` must be of shape (..., {expected[0]}, {expected[1]}) for "
            f"output_shape={tuple(output_shape)}. Received: theta of shape {tuple(theta.shape)}"
        )
