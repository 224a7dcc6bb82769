import keras
from keras import ops

from keras_attn.metrics.masked_mean import MaskedMean
from keras_attn.metrics.token_accuracy import right


@keras.saving.register_keras_serializable(package="keras_attn")
class ExactMatch(MaskedMean):
    """Fraction of sequences whose tokens are all correct, without padding.

    In `fit` each token is predicted from the right ones before it; where the likeliest token is
    right at every step, greedy decoding finds exactly the same sequence, so this is the exact match
    of greedy decoding too. Sequences of padding alone are not counted.

    Args:
        ignore_class: the label of padding, None if there is none.
        name: of the metric, in the history.
        **kwargs: of `keras.metrics.Metric`.

    Call arguments:
        y_true: integers `(batch, steps)`.
        y_pred: logits `(batch, steps, classes)`.
        sample_weight: `(batch,)`.

    Raises:
        ValueError: for shapes that do not fit each other.

    Example:

    >>> metric = keras_attn.metrics.ExactMatch()
    >>> float(metric([[3, 1, 0], [2, 0, 0]], np.eye(5)[[[3, 2, 0], [2, 2, 2]]]))
    0.5
    """

    def __init__(self, ignore_class=0, name="exact_match", **kwargs):
        super().__init__(ignore_class, name=name, **kwargs)

    def measure(self, labels, logits, mask):
        whole = ops.all(ops.logical_or(right(labels, logits) > 0, mask == 0), axis=-1)
        return ops.cast(whole, "float32"), ops.cast(ops.any(mask > 0, axis=-1), "float32")
