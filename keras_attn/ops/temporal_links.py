"""In which order the locations of a memory were written, and how a head follows it.

Glossary of shapes:
    batch
    heads:     that read, all at once
    locations: `N`, rows of the memory
"""

from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.named_axes import with_axes
from keras_attn.ops.precision import promote_dtypes

AXES = {
    "links": "batch locations locations",
    "precedence": "batch locations",
    "write_weights": "batch locations",
    "read_weights": "batch heads locations",
}


def precedence_weights(precedence, write_weights):
    """Computes the precedence weighting, `p_t = (1 - Σ_i w^w_t(i)) p_{t-1} + w^w_t`.

    Args:
        precedence: `p_{t-1}`, `(batch, locations)`.
        write_weights: `w^w_t`, `(batch, locations)`, rows sum to at most 1.

    Returns:
        `p_t`, like `precedence`, whose rows sum to at most 1.

    Raises:
        ValueError: for ranks or sizes that do not fit.

    Example:

    >>> before, written = np.array([[1.0, 0.0]]), np.array([[0.0, 0.25]])
    >>> after = keras_attn.ops.precedence_weights(before, written)
    >>> keras.ops.convert_to_numpy(after).tolist()
    [[0.75, 0.25]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Temporal memory linkage", https://doi.org/10.1038/nature20101
    """
    precedence, written = with_axes(AXES, precedence=precedence, write_weights=write_weights)
    return (1.0 - ops.sum(written, axis=-1, keepdims=True)) * precedence + written


def temporal_links(links, precedence, write_weights):
    """From which location to which the writing went on.

    `L_t(i, j) = (1 - w^w_t(i) - w^w_t(j)) L_{t-1}(i, j) + w^w_t(i) p_{t-1}(j)`, `L_t(i, i) = 0`

    `L(i, j)` is how far `i` was written right after `j`; what is written anew loses its old links.

    Args:
        links: `L_{t-1}`, `(batch, locations, locations)`.
        precedence: `p_{t-1}`, of the step before, `(batch, locations)`.
        write_weights: `w^w_t`, of this step, `(batch, locations)`, rows sum to at most 1.

    Returns:
        `L_t`, like `links`. Its rows and its columns sum to at most 1.

    Raises:
        ValueError: for ranks or sizes that do not fit.

    Example:

    >>> first, second = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    >>> links = keras_attn.ops.temporal_links(np.zeros((1, 2, 2)), first, second)
    >>> keras.ops.convert_to_numpy(links).tolist()
    [[[0.0, 0.0], [1.0, 0.0]]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Temporal memory linkage", https://doi.org/10.1038/nature20101
    """
    links, before, written = with_axes(
        AXES, links=links, precedence=precedence, write_weights=write_weights
    )
    to = written[:, :, None]
    links = (1.0 - to - written[:, None]) * links + to * before[:, None]
    return links * (1.0 - ops.eye(links.shape[-1], dtype=links.dtype))


def follow_links(read_weights, links):
    """The locations written before and after those where the heads were.

    `b^r_t = L_tᵀ w^r_{t-1}`, `f^r_t = L_t w^r_{t-1}`

    Args:
        read_weights: `w^r_{t-1}`, `(batch, heads, locations)`.
        links: `L_t`, `(batch, locations, locations)`.

    Returns:
        Weights like `read_weights`, backward `b` and forward `f`; rows sum to at most 1.

    Raises:
        ValueError: for ranks or sizes that do not fit.

    Example:

    >>> weights, links = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 0.0], [1.0, 0.0]]])
    >>> backward, forward = keras_attn.ops.follow_links(weights, links)
    >>> keras.ops.convert_to_numpy(forward).tolist()
    [[[0.0, 1.0]]]

    Reference:
        Graves et al., "Hybrid computing using a neural network with dynamic external memory",
        2016, Methods, "Temporal memory linkage", https://doi.org/10.1038/nature20101
    """
    weights, links = with_axes(AXES, read_weights=read_weights, links=links)
    dtype = promote_dtypes(weights.dtype, links.dtype)
    weights, links = ops.cast(weights, dtype), ops.cast(links, dtype)
    # XLA takes several times as long for a product with transposed links as for this one.
    return precision.matmul(weights, links), ops.einsum("bhj,bij->bhi", weights, links)
