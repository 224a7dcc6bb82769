"""Algebra of affine and projective transformations as matrices."""

import numpy as np
from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.grids import coordinates
from keras_attn.ops.known import differ
from keras_attn.ops.received import received


def compose_transformations(first, second):
    """The transformation that applies `first`, then `second`, `x -> second(first(x))`.

    As transformations map output to input, warping an image by `second` and the result by `first`
    samples the image twice; one warp by `compose(first, second)` samples it once.

    Args:
        first: `(..., 2, 3)` or `(..., 3, 4)` (affine), `(..., 3, 3)` or `(..., 4, 4)` (projective).
        second: of the same shape, or one that broadcasts to it.

    Returns:
        The product, affine or projective as its factors are.

    Raises:
        ValueError: if the two are not matrices of the same size.

    Example:

    >>> shift = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]])
    >>> zoom = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
    >>> [round(float(x), 2) for x in keras_attn.ops.compose_transformations(shift, zoom)[0]]
    [0.5, 0.0, 0.25]

    Reference:
        Lin and Lucey, "Inverse Compositional Spatial Transformer Networks", 2017,
        https://arxiv.org/abs/1612.03897
    """
    first, second = coordinates(first), coordinates(second)
    _check(first, "first")
    _check(second, "second")
    if tuple(first.shape[-2:]) != tuple(second.shape[-2:]):
        raise ValueError(
            "`first` and `second` must be matrices of the same size. Received: first of shape "
            f"{tuple(first.shape)}, second of shape {tuple(second.shape)}"
        )
    pairs = zip(reversed(first.shape[:-2]), reversed(second.shape[:-2]), strict=False)
    if any(differ(*pair) and 1 not in pair for pair in pairs):
        raise ValueError(
            "`first` and `second` must be of shapes that broadcast to each other. "
            f"{received(first=first, second=second)}"
        )
    dtype = precision.promote_dtypes(first.dtype, second.dtype)
    first, second = ops.cast(first, dtype), ops.cast(second, dtype)
    rows = first.shape[-2]
    product = _product(_square(second), _square(first))
    return product[..., :rows, :]


def invert_transformations(theta):
    """The inverse of an affine or projective transformation: from input to output coordinates.

    Args:
        theta: `(..., 2, 3)` or `(..., 3, 4)` (affine), `(..., 3, 3)` or `(..., 4, 4)` (projective).

    Returns:
        The inverse, shaped like theta. A singular matrix has none: the determinant (that of the
        linear part of an affine one), with the largest entry scaled to 1, is taken as 10⁻⁸ away
        from zero, so the result is large and finite.

    Raises:
        ValueError: if theta is not such a matrix.

    Example:

    >>> zoom = np.array([[0.5, 0.0, 0.25], [0.0, 0.5, 0.0]])
    >>> inverse = keras_attn.ops.invert_transformations(zoom)
    >>> round(float(inverse[0, 0]), 2), round(float(inverse[0, 2]), 2)
    (2.0, -0.5)

    Reference:
        Faddeev and LeVerrier's recursion for the adjugate matrix of more than two rows.
    """
    theta = coordinates(theta)
    _check(theta, "theta")
    rows, columns = theta.shape[-2:]
    if rows == columns:
        return _inverse(theta)
    linear = _inverse(theta[..., :-1])
    return ops.concatenate([linear, -_product(linear, theta[..., -1:])], axis=-1)


def _inverse(matrix):
    if 0 in matrix.shape:
        return matrix  # nothing has no largest entry
    # Entries of up to 1 have a determinant that says how near the matrix is to a singular one.
    scale = ops.max(ops.abs(ops.stop_gradient(matrix)), axis=(-2, -1), keepdims=True)
    scale = ops.where(scale > 1e-15, scale, ops.ones_like(scale))
    matrix = matrix / scale
    size = matrix.shape[-1]
    adjugate = _adjugate_of_two_rows(matrix) if size == 2 else _adjugate(matrix)
    determinant = _trace(_product(matrix, adjugate)) / size
    sign = ops.where(determinant < 0, -1.0, 1.0)
    determinant = ops.cast(sign, matrix.dtype) * precision.maximum(ops.abs(determinant), 1e-8)
    return adjugate / determinant / scale


def _adjugate_of_two_rows(matrix):
    """`[[d, -b], [-c, a]]` of `[[a, b], [c, d]]`, without a rounding error."""
    signs = ops.convert_to_tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=matrix.dtype)
    return ops.swapaxes(ops.flip(matrix, axis=(-2, -1)), -2, -1) * signs


def _adjugate(matrix):
    """The adjugate of a matrix of any size up to its sign, by Faddeev and LeVerrier."""
    identity = ops.convert_to_tensor(np.eye(matrix.shape[-1]), dtype=matrix.dtype)
    adjugate = ops.zeros_like(matrix) + identity
    for step in range(1, matrix.shape[-1]):
        product = _product(matrix, adjugate)
        adjugate = product - _trace(product) / step * identity
    return adjugate


def _check(theta, name):
    if tuple(theta.shape[-2:]) not in ((2, 3), (3, 4), (3, 3), (4, 4)):
        raise ValueError(
            f"`{name}` must be of shape (..., 2, 3) or (..., 3, 4) (affine), or (..., 3, 3) or "
            f"(..., 4, 4) (projective). Received: {name} of shape {tuple(theta.shape)}"
        )


def _square(theta):
    """An affine matrix with its last row, `(0, ..., 0, 1)`, written out."""
    rows, columns = theta.shape[-2:]
    if rows == columns:
        return theta
    last = np.zeros((1, columns))
    last[0, -1] = 1.0
    last = ops.zeros_like(theta[..., :1, :]) + ops.convert_to_tensor(last, dtype=theta.dtype)
    return ops.concatenate([theta, last], axis=-2)


def _product(left, right):
    # Not a matrix product, which accelerators compute in reduced precision.
    return ops.sum(ops.expand_dims(left, -1) * ops.expand_dims(right, -3), axis=-2)


def _trace(matrix):
    diagonal = matrix * ops.convert_to_tensor(np.eye(matrix.shape[-1]), dtype=matrix.dtype)
    return ops.sum(diagonal, axis=(-2, -1), keepdims=True)
