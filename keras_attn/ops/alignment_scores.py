"""Alignment scores: how well each position of a memory answers each query.

They differ in the comparison alone, so any can stand where another stands; see
`keras_attn.ops.attention_weights` for what becomes of them.

Glossary of shapes:
    batch
    queries: number of query steps (decoder states, `s_i` in the papers)
    values: number of memory positions (annotations, `h_j`)
    width: size of a query or key vector
    units: size of the hidden layer that compares them
"""

import keras
from keras import ops

from keras_attn.ops import kernels, precision
from keras_attn.ops.known import broadcasts, differ
from keras_attn.ops.precision import promote, promote_dtypes
from keras_attn.ops.received import received


def dot_scores(query, key, scale=False):
    """Dot product of every query with every key, `s_iᵀ h_j`.

    Args:
        query: `(batch, queries, width)`.
        key: `(batch, values, width)`.
        scale: whether to divide by `√width`, so that scores of random vectors have a variance of
            one whatever their width.

    Returns:
        Scores `(batch, queries, values)`.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> query, key = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")
    >>> scores = keras_attn.ops.dot_scores(query, key, scale=True)
    >>> tuple(scores.shape), float(scores[0, 0, 0])
    ((2, 3, 5), 2.0)

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        equation 8; scaled: Vaswani et al., "Attention Is All You Need", 2017, equation 1.
    """
    query, key = _checked(query, key, same_width=True)
    scores = precision.matmul(query, ops.swapaxes(key, -1, -2))
    return scores / max(query.shape[-1], 1) ** 0.5 if scale else scores


def general_scores(query, key, kernel):
    """Bilinear form of every query with every key, `s_iᵀ W h_j`.

    Args:
        query: `(batch, queries, query_width)`.
        key: `(batch, values, key_width)`.
        kernel: `W`, `(query_width, key_width)`.

    Returns:
        Scores `(batch, queries, values)`.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> query, key = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 6), "float32")
    >>> tuple(keras_attn.ops.general_scores(query, key, np.ones((4, 6), "float32")).shape)
    (2, 3, 5)

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        equation 8.
    """
    query, key = _checked(query, key)
    kernel = ops.convert_to_tensor(kernel)
    if tuple(kernel.shape) != (query.shape[-1], key.shape[-1]):
        raise ValueError(
            "`kernel` must have the shape (query_width, key_width). "
            f"{received(kernel=kernel, query=query, key=key)}"
        )
    return precision.matmul(precision.matmul(query, kernel), ops.swapaxes(key, -1, -2))


def additive_scores(query, key, scale):
    """A hidden layer over every query with every key, `vᵀ tanh(W s_i + U h_j + b)`.

    The two projections are the caller's, and so each vector is projected once. The hidden layer of
    all pairs, `(batch, queries, values, units)`, is not held in memory on the backends that train:
    it is made a query at a time, and again for the gradient.

    Args:
        query: the projected queries with the bias, `W s_i + b`, `(batch, queries, units)`.
        key: the projected keys, `U h_j`, `(batch, values, units)`.
        scale: `v`, `(units,)`.

    Returns:
        Scores `(batch, queries, values)`.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> query, key = np.zeros((2, 3, 4), "float32"), np.zeros((2, 5, 4), "float32")
    >>> tuple(keras_attn.ops.additive_scores(query, key, np.ones(4, "float32")).shape)
    (2, 3, 5)

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, appendix A.1.2, https://arxiv.org/abs/1409.0473
    """
    query, key = _checked(query, key, same_width=True)
    scale = ops.convert_to_tensor(scale)
    if tuple(scale.shape) != (query.shape[-1],):
        raise ValueError(
            f"`scale` must have the shape (units,). {received(scale=scale, query=query, key=key)}"
        )
    if promote_dtypes(query.dtype, scale.dtype) == "float64":
        query, key, scale = promote(query, key, scale)
    scores = kernels.load("additive_scores")
    if scores is None or any(map(keras.utils.is_keras_tensor, (query, key, scale))):
        scores = plain_additive_scores
    return scores(query, key, scale)


def plain_additive_scores(query, key, scale):
    """`additive_scores` by its formula, in `keras.ops` alone."""
    dtype = promote_dtypes(query.dtype, key.dtype, "float32")
    wide = [ops.cast(tensor, dtype) for tensor in (query, key, scale)]
    # A difference, because the symbolic sum of Keras treats a batch of one with one key as a bias.
    hidden = precision.tanh(wide[0][:, :, None] - ops.negative(wide[1])[:, None])
    return ops.cast(ops.sum(hidden * wide[2], axis=-1), query.dtype)


def concat_scores(query, key, kernel, scale):
    """A hidden layer over every query and key as one vector, `vᵀ tanh(W [s_i; h_j])`.

    The same as `additive_scores` with `W` cut in two, and computed so.

    Args:
        query: `(batch, queries, query_width)`.
        key: `(batch, values, key_width)`.
        kernel: `W`, `(query_width + key_width, units)`, the rows of the query first.
        scale: `v`, `(units,)`.

    Returns:
        Scores `(batch, queries, values)`.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> query, key = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 6), "float32")
    >>> kernel, scale = np.ones((10, 7), "float32"), np.ones(7, "float32")
    >>> tuple(keras_attn.ops.concat_scores(query, key, kernel, scale).shape)
    (2, 3, 5)

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        equation 8.
    """
    query, key = _checked(query, key)
    kernel = ops.convert_to_tensor(kernel)
    width = query.shape[-1]
    if len(kernel.shape) != 2 or kernel.shape[0] != width + key.shape[-1]:
        raise ValueError(
            "`kernel` must have the shape (query_width + key_width, units). "
            f"{received(kernel=kernel, query=query, key=key)}"
        )
    # Not slices, which a symbolic kernel does not have.
    query_kernel, key_kernel = ops.split(kernel, [width], axis=0)
    return additive_scores(
        precision.matmul(query, query_kernel), precision.matmul(key, key_kernel), scale
    )


def content_scores(query, key, strength=1.0):
    """Cosine similarity of every query with every key, `β cos(s_i, h_j)`.

    Args:
        query: `(batch, queries, width)`.
        key: `(batch, values, width)`.
        strength: key strength `β`, a number or of a shape that broadcasts to the scores.

    Returns:
        Scores `(batch, queries, values)` in `[-β, β]`; 0 where a vector is 0.

    Raises:
        ValueError: for ranks, widths or batches that do not fit.

    Example:

    >>> query, key = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")
    >>> scores = keras_attn.ops.content_scores(query, key, strength=2.0)
    >>> tuple(scores.shape), round(float(scores[0, 0, 0]), 4)
    ((2, 3, 5), 2.0)

    Reference:
        Graves et al., "Neural Turing Machines", 2014, equations 5 and 6,
        https://arxiv.org/abs/1410.5401
    """
    query, key = _checked(query, key, same_width=True)
    scores = precision.matmul(_unit(query), ops.swapaxes(_unit(key), -1, -2))
    if hasattr(strength, "shape"):
        strength = ops.convert_to_tensor(strength)
        if not broadcasts(strength.shape, scores.shape):
            raise ValueError(
                "`strength` must be a number, or of a shape that broadcasts to the scores. "
                f"{received(strength=strength, scores=scores)}"
            )
    return strength * scores


def location_scores(query, kernel):
    """Scores from the query alone, `W s_i`: where to look, whatever stands there.

    Args:
        query: `(batch, queries, width)`.
        kernel: `W`, `(width, values)`: one column for each position of the memory.

    Returns:
        Scores `(batch, queries, values)`.

    Raises:
        ValueError: for ranks or widths that do not fit.

    Example:

    >>> query, kernel = np.ones((2, 3, 4), "float32"), np.ones((4, 5), "float32")
    >>> tuple(keras_attn.ops.location_scores(query, kernel).shape)
    (2, 3, 5)

    Reference:
        Luong et al., "Effective Approaches to Attention-based Neural Machine Translation", 2015,
        equation 9.
    """
    query, kernel = ops.convert_to_tensor(query), ops.convert_to_tensor(kernel)
    if len(query.shape) != 3:
        raise ValueError(
            f"`query` must be of rank 3, (batch, queries, width). {received(query=query)}"
        )
    if len(kernel.shape) != 2 or kernel.shape[0] != query.shape[-1]:
        raise ValueError(
            f"`kernel` must have the shape (width, values). {received(kernel=kernel, query=query)}"
        )
    return precision.matmul(query, kernel)


def _unit(vectors):
    """Vectors of length 1; those of length 0 stay 0 and have a gradient."""
    if 0 in vectors.shape:
        return vectors
    dtype = promote_dtypes(vectors.dtype, "float32")
    wide = ops.cast(vectors, dtype)
    # Scaled first, so that the squares neither overflow nor vanish.
    largest = ops.stop_gradient(ops.max(ops.abs(wide), axis=-1, keepdims=True))
    wide = wide / ops.where(largest > 1e-35, largest, ops.ones_like(largest))
    square = ops.sum(ops.square(wide), axis=-1, keepdims=True)
    return ops.cast(wide * ops.rsqrt(precision.maximum(square, 1e-6)), vectors.dtype)


def _checked(query, key, same_width=False):
    """Both as tensors, refused where they do not fit each other."""
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    for name, tensor in (("query", query), ("key", key)):
        if len(tensor.shape) != 3:
            raise ValueError(
                f"`{name}` must be of rank 3, (batch, steps, width). "
                f"{received(query=query, key=key)}"
            )
    if differ(query.shape[0], key.shape[0]):
        raise ValueError(
            f"`query` and `key` must have the same batch size. {received(query=query, key=key)}"
        )
    if same_width and query.shape[-1] != key.shape[-1]:
        raise ValueError(
            f"`query` and `key` must have the same width. {received(query=query, key=key)}"
        )
    return promote(query, key)
