import keras
from keras import ops

from keras_attn.metrics.masked_mean import MaskedMean


@keras.saving.register_keras_serializable(package="keras_attn")
class TokenAccuracy(MaskedMean):
    """Fraction of tokens predicted correctly with teacher forcing, without padding.

    Args:
        ignore_class: the label of padding, None if there is none.
        name: of the metric, in the history.
        **kwargs: of `keras.metrics.Metric`.

    Call arguments:
        y_true: integers `(batch, steps)`.
        y_pred: logits `(batch, steps, classes)`.
        sample_weight: `(batch,)` or `(batch, steps)`.

    Raises:
        ValueError: for shapes that do not fit each other.

    Example:

    >>> metric = keras_attn.metrics.TokenAccuracy()
    >>> float(metric([[3, 1, 0]], np.eye(5)[[[3, 2, 0]]]))
    0.5
    """

    def __init__(self, ignore_class=0, name="token_accuracy", **kwargs):
        super().__init__(ignore_class, name=name, **kwargs)

    def measure(self, labels, logits, mask):
        return right(labels, logits), mask


def right(labels, logits):
    """Float32, 1 where the largest logit is that of the label."""
    return ops.cast(ops.cast(ops.argmax(logits, axis=-1), "int32") == labels, "float32")
