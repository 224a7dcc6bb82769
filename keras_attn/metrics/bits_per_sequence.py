import math

import keras
from keras import ops

from keras_attn.metrics.answer_metric import AnswerMetric


@keras.saving.register_keras_serializable(package="keras_attn")
class BitsPerSequence(AnswerMetric):
    """Cost of a sequence in bits, `-Σ_t Σ_c log₂ p(y_tc)`, over the steps that are asked for.

    Of a task whose answer is `n` random bits, guessing costs `n`. `compile` has to be given it as
    one of its `weighted_metrics`, since the weights say where an answer is due.

    Args:
        name: of the metric, in the history.
        **kwargs: of `keras.metrics.Metric`.

    Call arguments:
        y_true: zeros and ones, `(batch, steps, channels)`.
        y_pred: logits like `y_true`.
        sample_weight: `(batch, steps)`, 0 where nothing is asked for; or `(batch,)`.

    Raises:
        ValueError: for shapes that do not fit each other.

    Example:

    >>> metric = keras_attn.metrics.BitsPerSequence()
    >>> bits, asked = np.ones((2, 5, 8)), np.array([[0, 0, 1, 1, 1]] * 2)
    >>> float(metric(bits, np.zeros((2, 5, 8)), sample_weight=asked))
    24.0

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, name="bits_per_sequence", **kwargs):
        super().__init__(name=name, **kwargs)

    def measure(self, bits, logits, weights):
        nats = ops.sum(ops.softplus(logits) - bits * logits, axis=-1)
        # A sequence whose weights are all 0 fills up a batch.
        sequences = ops.sum(ops.cast(ops.any(weights > 0, axis=-1), "float32"))
        return ops.sum(nats * weights) / math.log(2.0), sequences
