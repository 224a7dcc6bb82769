from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.known import broadcasts
from keras_attn.ops.named_axes import check_query_mask
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received

REDUCTIONS = ("sum", "mean")


def doubly_stochastic_loss(weights, query_mask=None, target=1.0, reduction="sum"):
    """Squared deviation of the total attention of each location from `target`.

    `λ Σ_i (τ - Σ_t α_ti)²`, without the `λ`

    | here | in the paper |
    | --- | --- |
    | `weights` | `α_ti` |
    | `target` | `τ = 1`; it can be steps over places, as a mean over both would have it |

    Convention: the paper sums over the places, its published code and ports of it take means over
    different axes. `reduction` says which; a `λ` for one is no `λ` for the other.

    Args:
        weights: attention weights, `(batch, queries, places)` or `(batch, queries, height, width)`.
        query_mask: boolean `(batch, queries)`, False for steps that do not count, those after the
            end of a sentence say; or None.
        target: `τ`, a number or one for each example.
        reduction: `"sum"` or `"mean"` over the places.

    Returns:
        `(batch,)`, float32 or wider.

    Raises:
        ValueError: if `weights` are not of rank 3 or 4, or for an unknown reduction.

    Example:

    >>> even, uneven = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]
    >>> loss = keras_attn.ops.doubly_stochastic_loss(np.array([even, uneven]))
    >>> keras.ops.convert_to_numpy(loss).tolist()
    [0.0, 2.0]

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, section 4.2.1, https://arxiv.org/abs/1502.03044
    """
    weights = as_float32(weights)
    if len(weights.shape) not in (3, 4):
        raise ValueError(
            "`weights` must be of rank 3, (batch, queries, places), or 4, (batch, queries, height, "
            f"width). {received(weights=weights)}"
        )
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"`reduction` must be one of {REDUCTIONS}. Received: reduction={reduction!r}"
        )
    if reduction == "mean" and 0 in weights.shape[2:]:
        raise ValueError(
            f"`weights` must have a place at least for a mean. {received(weights=weights)}"
        )
    axes = tuple(range(1, len(weights.shape) - 1))
    if query_mask is not None:
        counts = ops.cast(query_mask, weights.dtype)
        check_query_mask(counts, weights)
        weights = weights * ops.reshape(counts, (*ops.shape(counts), *[1] * len(axes)))
    seen = ops.sum(weights, axis=1)
    target = ops.cast(target, weights.dtype)
    if not broadcasts(target.shape, weights.shape[:1]):
        raise ValueError(
            "`target` must be a number, or one for each example. "
            f"{received(target=target, weights=weights)}"
        )
    target = ops.reshape(target, (-1, *[1] * len(axes)))
    reduce = ops.sum if reduction == "sum" else precision.mean
    return reduce(ops.square(seen - target), axis=axes)
