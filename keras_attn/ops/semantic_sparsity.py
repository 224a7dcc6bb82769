import math

from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.checks import check_number
from keras_attn.ops.named_axes import check_query_mask
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received

# Roots of weights up to it count as 0, and sums below it as this: the slope of a root at 0 has no
# bounds.
LEAST = 1e-8


def semantic_sparsity_loss(weights, query_mask=None, p=2.0, q=0.5):
    """Penalty on uneven attention to attributes, and on attention to many attributes at once.

    It is large if an attribute attracts the attention of a whole sentence, and if a word attends to
    many attributes.

    `g(α) = [Σ_i (Σ_t α_ti)^p]^(1/p) + Σ_t [Σ_i α_ti^q]^(1/q)`

    | here | in the paper |
    | --- | --- |
    | `weights` | `α_t^i`, or `β_t^i` of the output |
    | `p` | `p > 1`: no attribute gets the attention of a whole sentence |
    | `q` | `0 < q < 1`: no word looks at many attributes |

    Args:
        weights: attention weights, `(batch, queries, attributes)`.
        query_mask: boolean `(batch, queries)`, False for steps that do not count, those after the
            end of a sentence say; or None.
        p: above 1.
        q: in (0, 1).

    Returns:
        `(batch,)`, float32 or wider.

    Raises:
        ValueError: if `weights` are not of rank 3, or for a `p` or `q` out of its range.

    Example:

    >>> sharp, even = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]]
    >>> loss = keras_attn.ops.semantic_sparsity_loss(np.array([sharp, even]))
    >>> [f"{value:.2f}" for value in keras.ops.convert_to_numpy(loss)]
    ['3.41', '5.41']

    Reference:
        You et al., "Image Captioning with Semantic Attention", 2016, equation 11,
        https://arxiv.org/abs/1603.03925
    """
    weights = as_float32(weights)
    if len(weights.shape) != 3:
        raise ValueError(
            "`weights` must be of rank 3, (batch, queries, attributes). "
            f"{received(weights=weights)}"
        )
    check_number("p", p, "be above 1", lambda value: 1 < value < math.inf)
    check_number("q", q, "be in (0, 1)", lambda value: 0 < value < 1)
    if query_mask is not None:
        counts = ops.cast(query_mask, weights.dtype)
        check_query_mask(counts, weights)
        weights = weights * counts[:, :, None]
    totals = precision.maximum(ops.sum(weights, axis=1), LEAST)
    norm = ops.sum(totals, axis=-1)  # also correct without values, which have no maximum
    if 0 not in totals.shape:
        # Powers of numbers up to 1 do not overflow.
        scale = ops.stop_gradient(ops.max(totals, axis=-1))
        norm = scale * ops.power(ops.sum(ops.power(totals / scale[:, None], p), axis=-1), 1.0 / p)
    positive = weights > LEAST
    roots = ops.where(positive, ops.power(ops.where(positive, weights, 1.0), q), 0.0)
    total = ops.sum(roots, axis=-1)
    some = total > 0
    steps = ops.where(some, ops.power(ops.where(some, total, 1.0), 1.0 / q), 0.0)
    return norm + ops.sum(steps, axis=-1)
