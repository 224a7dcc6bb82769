import keras
from keras import ops

from keras_attn.metrics.masked_mean import MaskedMean


@keras.saving.register_keras_serializable(package="keras_attn")
class Perplexity(MaskedMean):
    """Perplexity of a sequence model, `exp(-1/N Σ log p(y_t))`, over what is not padding.

    The mean runs over all tokens seen since the last reset, not over batches.

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

    >>> metric = keras_attn.metrics.Perplexity()
    >>> round(float(metric([[3, 1, 0]], np.zeros((1, 3, 5)))), 4)
    5.0
    """

    def __init__(self, ignore_class=0, name="perplexity", **kwargs):
        super().__init__(ignore_class, name=name, **kwargs)

    def measure(self, labels, logits, mask):
        logs = ops.log_softmax(ops.cast(logits, "float32"))
        # A label outside of the classes, of padding say, may not be looked up.
        inside = ops.clip(labels, 0, logits.shape[-1] - 1)
        return -ops.take_along_axis(logs, inside[..., None], axis=-1)[..., 0], mask

    def result(self):
        return ops.exp(super().result())
