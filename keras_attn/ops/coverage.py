from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.named_axes import check_query_mask
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received


def coverage_loss(weights, query_mask=None):
    """Coverage loss: attention of the queries to positions that earlier queries attended to.

    `covloss_t = Σ_j min(α_tj, c_tj)`, coverage `c_t = Σ_{t'<t} α_t'`

    Args:
        weights: attention weights `α`, `(batch, queries, values)`.
        query_mask: boolean `(batch, queries)`, False for steps that do not count; or None.

    Returns:
        `(batch,)`, the mean over the steps that count; 0 where none does. Float32 or wider.

    Raises:
        ValueError: if `weights` are not of rank 3.

    Example:

    >>> once, twice = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]
    >>> loss = keras_attn.ops.coverage_loss(np.array([once, twice]))
    >>> keras.ops.convert_to_numpy(loss).tolist()
    [0.0, 0.5]

    Reference:
        See, Liu and Manning, "Get To The Point: Summarization with Pointer-Generator Networks",
        2017, equation 12, https://arxiv.org/abs/1704.04368
    """
    weights = as_float32(weights)
    if len(weights.shape) != 3:
        raise ValueError(
            f"`weights` must be of rank 3, (batch, queries, values). {received(weights=weights)}"
        )
    if query_mask is not None:
        query_mask = ops.cast(query_mask, weights.dtype)
        check_query_mask(query_mask, weights)
    before = precision.cumsum(weights, axis=1) - weights
    repeated = ops.sum(precision.minimum(weights, before), axis=-1)
    counts = ops.ones_like(repeated) if query_mask is None else query_mask
    total = ops.sum(repeated * counts, axis=-1)
    return total / precision.maximum(ops.sum(counts, axis=-1), 1.0)
