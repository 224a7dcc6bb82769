import keras
import numpy as np
from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.known import broadcasts
from keras_attn.ops.precision import as_float32
from keras_attn.ops.received import received


def attention_weights(scores, mask=None):
    """Softmax over the last axis that ignores masked positions.

    `α_ij = m_ij exp(e_ij) / Σ_k m_ik exp(e_ik)`

    The sum runs in float32 at least, whatever the dtype of the scores. A row whose positions are
    all masked, or all of a score of minus infinity, gives zeros: nothing was there to attend to.
    Scores of infinity, as half precision makes of large ones, share what there is.

    Args:
        scores: `e`, `(..., values)`.
        mask: `m`, boolean, of a shape that broadcasts to `scores`; False is ignored, whatever its
            score, also NaN. None for no mask.

    Returns:
        Weights `α` like `scores` (float32 for integers), exactly 0 where the mask is False. Rows
        sum to 1, or to 0 where all is masked.

    Example:

    >>> scores = np.array([[1.0, 1.0, 9.0], [2.0, 3.0, 4.0]], "float32")
    >>> mask = np.array([[True, True, False], [False, False, False]])
    >>> keras.ops.convert_to_numpy(keras_attn.ops.attention_weights(scores, mask)).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, equation 6, https://arxiv.org/abs/1409.0473
    """
    scores = ops.convert_to_tensor(scores)
    exact = as_float32(scores)
    largest = float(np.finfo(keras.backend.standardize_dtype(exact.dtype)).max)
    exact = precision.minimum(exact, largest)
    if mask is not None:
        mask = ops.cast(mask, "bool")
        if not broadcasts(mask.shape, exact.shape):
            raise ValueError(
                "`mask` must be of a shape that broadcasts to `scores`. "
                f"{received(mask=mask, scores=exact)}"
            )
        mask = ops.broadcast_to(mask, ops.shape(exact))
        exact = ops.where(mask, exact, -largest)
    if 0 in exact.shape:
        return scores  # nothing has no largest score
    peak = precision.maximum(ops.max(exact, axis=-1, keepdims=True), -largest)
    mass = ops.exp(exact - ops.stop_gradient(peak))
    if mask is not None:
        mass = ops.where(mask, mass, 0.0)
    total = ops.sum(mass, axis=-1, keepdims=True)
    weights = mass / ops.where(total > 0.0, total, 1.0)
    # Weights of integers are no integers.
    floating = "float" in keras.backend.standardize_dtype(scores.dtype)
    return ops.cast(weights, scores.dtype) if floating else weights
