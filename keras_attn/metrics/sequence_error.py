import keras
from keras import ops

from keras_attn.metrics.answer_metric import AnswerMetric


@keras.saving.register_keras_serializable(package="keras_attn")
class SequenceError(AnswerMetric):
    """Fraction of sequences with a wrong bit among the requested bits, in [0, 1].

    Args:
        name: of the metric, in the history.
        **kwargs: of `keras.metrics.Metric`.

    Call arguments:
        y_true, y_pred, sample_weight: see `BitsPerSequence`.

    Raises:
        ValueError: for shapes that do not fit each other.

    Example:

    >>> metric = keras_attn.metrics.SequenceError()
    >>> float(metric(np.ones((2, 1, 2)), np.array([[[3.0, 2.0]], [[0.5, -1.0]]])))
    0.5
    """

    def __init__(self, name="sequence_error", **kwargs):
        super().__init__(name=name, **kwargs)

    def measure(self, bits, logits, weights):
        asked = weights > 0
        wrong = ops.any((logits > 0) != (bits > 0.5), axis=-1)
        failed = ops.any(ops.logical_and(wrong, asked), axis=-1)
        sequences = ops.any(asked, axis=-1)
        return tuple(ops.sum(ops.cast(each, "float32")) for each in (failed, sequences))
