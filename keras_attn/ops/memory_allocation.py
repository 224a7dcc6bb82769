"""Allocation of free memory locations.

A differentiable neural computer keeps a usage of each location, `retention_vector` and
`usage_vector`, and writes to the least used one first, `allocation_weights`. Least recently used
access counts reads as uses too, and takes the least used ones as they are, `least_used_weights`.

Glossary of shapes:
    batch
    heads:     that read, all at once
    locations: `N`, rows of the memory
"""

from keras import ops

from keras_attn.ops.checks import positive_integer
from keras_attn.ops.named_axes import with_axes
from keras_attn.ops.precision import as_float32

AXES = {
    "free_gate": "batch heads",
    "read_weights": "batch heads locations",
    "usage": "batch locations",
    "write_weights": "batch locations",
    "retention": "batch locations",
}


def retention_vector(free_gate, read_weights):
    """Computes the retention of each location, `ψ_t(i) = Π_r (1 - f^r_t w^r_{t-1}(i))`.

    Args:
        free_gate: `f` in [0, 1], `(batch, heads)`: whether a head frees what it has read.
        read_weights: `w^r_{t-1}`, `(batch, heads, locations)`.

    Returns:
        `ψ`, `(batch, locations)`.

    Raises:
        ValueError: for ranks or sizes that do not fit.

    Example:

    >>> gate, weights = np.array([[1.0, 0.0]]), np.array([[[0.75, 0.25], [0.5, 0.5]]])
    >>> kept = keras_attn.ops.retention_vector(gate, weights)
    >>> keras.ops.convert_to_numpy(kept).tolist()
    [[0.25, 0.75]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Dynamic memory allocation", https://doi.org/10.1038/nature20101
    """
    gate, weights = with_axes(AXES, free_gate=free_gate, read_weights=read_weights)
    batch, _, locations = ops.shape(weights)
    kept = ops.ones((batch, locations), weights.dtype)
    for head in range(weights.shape[1]):
        kept = (1.0 - gate[:, head, None] * weights[:, head]) * kept
    return kept


def usage_vector(usage, write_weights, retention):
    """Computes the usage vector, `u_t = (u_{t-1} + w^w_{t-1} - u_{t-1} w^w_{t-1}) ψ_t`.

    What was written is in use until a head frees it.

    Args:
        usage: `u_{t-1}` in [0, 1], `(batch, locations)`.
        write_weights: `w^w_{t-1}`, `(batch, locations)`.
        retention: `ψ_t`, `(batch, locations)`.

    Returns:
        `u_t` in [0, 1], like `usage`.

    Raises:
        ValueError: for ranks or sizes that do not fit.

    Example:

    >>> usage, written = np.array([[0.5, 0.5]]), np.array([[0.5, 0.0]])
    >>> after = keras_attn.ops.usage_vector(usage, written, retention=np.array([[1.0, 0.5]]))
    >>> keras.ops.convert_to_numpy(after).tolist()
    [[0.75, 0.25]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Dynamic memory allocation", https://doi.org/10.1038/nature20101
    """
    usage, written, kept = with_axes(
        AXES, usage=usage, write_weights=write_weights, retention=retention
    )
    # In this order of the sum no rounding goes beyond 1.
    return (usage + written * (1.0 - usage)) * kept


def allocation_weights(usage):
    """Weights of the free locations, the least used ones first.

    `a_t(φ_j) = (1 - u_t(φ_j)) Π_{i<j} u_t(φ_i)`

    `φ` is the free list, the locations in ascending order of their usage. Of equally used ones the
    first in memory comes first, on every backend: so a machine of which nothing is used yet begins
    with one location, and not with all alike.

    The products run in float32 at least, whatever the dtype of the usage. The order has no
    gradient; the weights have one for any usage, 0 and 1 too.

    Args:
        usage: `u` in [0, 1], `(batch, locations)`.

    Returns:
        Weights `a` like `usage`, whose rows sum to at most 1: to `1 - Π_i u(i)`.

    Raises:
        ValueError: for another rank.

    Example:

    >>> weights = keras_attn.ops.allocation_weights(np.array([[1.0, 0.5, 0.25]]))
    >>> keras.ops.convert_to_numpy(weights).round(3).tolist()
    [[0.0, 0.125, 0.75]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Dynamic memory allocation", https://doi.org/10.1038/nature20101
    """
    (usage,) = with_axes(AXES, usage=usage)
    if usage.shape[-1] == 0:
        return usage
    wide = as_float32(usage)
    # Rounding may have left a usage a little below 0.
    least = ops.where(wide >= 0.0, wide, 0.0)
    used = _product(ops.where(_earlier(wide), least[:, None], 1.0))
    return ops.cast((1.0 - wide) * used, usage.dtype)


def least_used_weights(usage, count=1):
    """The least used locations, one for each head, as weights of 0 and 1.

    `w^lu_h(i) = 1` where location `i` is the `h`-th least used, else 0

    Of equally used ones the first in memory comes first, so that there are exactly `count`. Nothing
    has a gradient.

    Args:
        usage: `w^u`, `(batch, locations)`.
        count: `n`, how many, at most `locations`.

    Returns:
        Weights `(batch, count, locations)`, the least used location first.

    Raises:
        ValueError: for another rank, or more than there are locations.

    Example:

    >>> weights = keras_attn.ops.least_used_weights(np.array([[0.5, 0.2, 0.2]]), count=2)
    >>> keras.ops.convert_to_numpy(weights).tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]

    Reference:
        Santoro et al., "One-shot Learning with Memory-Augmented Neural Networks", 2016, equation 6,
        https://arxiv.org/abs/1605.06065
    """
    (usage,) = with_axes(AXES, usage=usage)
    count = positive_integer("count", count)
    if count > usage.shape[-1]:
        raise ValueError(
            "`count` must be positive, and at most the number of locations. "
            f"Received: count={count}, usage.shape={tuple(usage.shape)}"
        )
    rank = ops.sum(ops.cast(_earlier(ops.stop_gradient(usage)), "int32"), axis=-1)
    places = ops.arange(count, dtype="int32")[:, None]
    # Not `==`, which compares symbolic tensors by identity.
    return ops.cast(ops.equal(rank[:, None], places), usage.dtype)


def _earlier(usage):
    """True if location `j` precedes `i` in the free list, `(batch, i, j)`.

    Comparing all pairs, and not sorting, gives the same order of equal ones on every backend.
    """
    places = ops.arange(usage.shape[-1], dtype="int32")
    one, other = usage[:, :, None], usage[:, None]
    is_first = ops.logical_and(ops.equal(other, one), places < places[:, None])
    return ops.logical_or(other < one, is_first)


def _product(numbers):
    """Computes the product over the last axis by multiplications of halves.

    The gradients of multiplications, of every order, are correct for zeros too.
    """
    while numbers.shape[-1] > 1:
        half = numbers.shape[-1] // 2
        left = numbers[..., 2 * half :]
        numbers = numbers[..., :half] * numbers[..., half : 2 * half]
        if left.shape[-1]:
            numbers = ops.concatenate([numbers, left], axis=-1)
    return numbers[..., 0]
