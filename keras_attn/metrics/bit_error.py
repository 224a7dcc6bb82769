import keras
from keras import ops

from keras_attn.metrics.answer_metric import AnswerMetric


@keras.saving.register_keras_serializable(package="keras_attn")
class BitError(AnswerMetric):
    """Fraction of wrong bits among the requested bits, in [0, 1].

    Args:
        name: of the metric, in the history.
        **kwargs: of `keras.metrics.Metric`.

    Call arguments:
        y_true, y_pred, sample_weight: see `BitsPerSequence`.

    Raises:
        ValueError: for shapes that do not fit each other.

    Example:

    >>> metric = keras_attn.metrics.BitError()
    >>> float(metric(np.array([[[1, 0], [0, 1]]]), np.array([[[3.0, -2.0], [0.5, 1.0]]])))
    0.25
    """

    def __init__(self, name="bit_error", **kwargs):
        super().__init__(name=name, **kwargs)

    def measure(self, bits, logits, weights):
        wrong = ops.cast((logits > 0) != (bits > 0.5), "float32")
        return ops.sum(ops.mean(wrong, axis=-1) * weights), ops.sum(weights)
