"""Attention that moves through the memory in one direction only.

Glossary:
    probability: `p_ij` of query `i` to stop at position `j`, having passed those before
    previous:    where the query before has looked, `α_{i-1}`, `(batch, values)`
"""

from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.known import known
from keras_attn.ops.named_axes import with_axes
from keras_attn.ops.precision import promote_dtypes


def monotonic_weights(log_stop, log_pass, previous, mode="recursive"):
    """Expected or hard monotonic alignment of one query.

    `α_ij = p_ij Σ_{k<=j} α_{i-1,k} Π_{l=k}^{j-1} (1 - p_il)`

    A query starts where the one before has stopped and passes on, position by position, until it
    stops; with the probability that is left it stops nowhere.

    | here | in the paper |
    | --- | --- |
    | `log_stop`, `log_pass` | `log p_i`, `log(1 - p_i)` |
    | `previous` | `α_{i-1}` |
    | returned | `α_i` |

    Args:
        log_stop: `(batch, values)`, `-inf` where the memory is masked.
        log_pass: `(batch, values)`.
        previous: `(batch, values)`, rows sum to at most 1.
        mode: `"recursive"` for the formula as it stands; `"parallel"` for the paper's cumulative
            sums, which lose what the query before saw beyond the place where the product of
            `1 - p` falls below 1e-10, after 33 positions with `p = 0.5`; `"hard"` for the first
            position with `p > 0.5` at or after `previous`, which then is one position or none.

    Returns:
        `(batch, values)`.

    Raises:
        ValueError: for an unknown mode.

    Example:

    >>> stop = np.array([[0.5, 0.5, 0.5]])
    >>> start = np.array([[1.0, 0.0, 0.0]])
    >>> weights = keras_attn.ops.monotonic_weights(np.log(stop), np.log(1 - stop), start)
    >>> keras.ops.convert_to_numpy(weights).round(3).tolist()
    [[0.5, 0.25, 0.125]]

    Reference:
        Raffel et al., "Online and Linear-Time Attention by Enforcing Monotonic Alignments", 2017,
        equations 8 to 11, https://arxiv.org/abs/1704.00784
    """
    if mode not in MODES:
        raise ValueError(f"`mode` must be one of {MODES}. Received: mode={mode!r}")
    axes = dict.fromkeys(("log_stop", "log_pass", "previous"), "batch values")
    given = with_axes(axes, log_stop=log_stop, log_pass=log_pass, previous=previous)
    dtype = promote_dtypes(*(each.dtype for each in given), "float32")
    log_stop, log_pass, previous = (ops.cast(each, dtype) for each in given)
    if mode == "hard":
        reached = ops.cast(precision.cumsum(previous, axis=-1) > 0.5, dtype)
        stops = ops.cast(ops.greater(log_stop, log_pass), dtype) * reached
        first = precision.cumsum(stops, axis=-1) <= 1.0
        return stops * ops.cast(first, dtype)
    if mode == "parallel":
        product = ops.exp(precision.cumsum(log_pass, axis=-1) - log_pass)
        arrived = product * precision.cumsum(previous / precision.maximum(product, 1e-10), axis=-1)
    elif not known(previous.shape[-1]):
        arrived = _arrived_by_pairs(log_pass, previous)
    else:
        arrived = _arrived(ops.exp(log_pass), previous)
    return ops.exp(log_stop) * arrived


def _arrived(passing, previous):
    """`q_j = previous_j + passing_{j-1} q_{j-1}`, of spans that double until they hold all."""
    values = previous.shape[-1]
    # Of the span that ends at j: the product of what passes on to j, and what arrives at j.
    product, arrived = _later(passing, 1), previous
    span = 1
    while span < values:
        arrived = arrived + product * _later(arrived, span)
        product = product * _later(product, span)
        span *= 2
    return arrived


def _arrived_by_pairs(log_pass, previous):
    """The same in time and memory of the square of the number of values, which is not known."""
    passed = precision.cumsum(log_pass, axis=-1) - log_pass
    # Of the pairs (j, k) those with k <= j; the others would overflow.
    steps = ops.arange(ops.shape(passed)[-1])
    behind = steps[:, None] >= steps
    gap = ops.where(behind, passed[:, :, None] - passed[:, None, :], 0.0)
    return ops.sum(ops.where(behind, ops.exp(gap), 0.0) * previous[:, None, :], axis=-1)


def _later(tensor, steps):
    """Moved by so many positions to the right, zeros coming in."""
    return ops.pad(tensor[:, : max(tensor.shape[-1] - steps, 0)], [(0, 0), (steps, 0)])


MODES = ("recursive", "parallel", "hard")
