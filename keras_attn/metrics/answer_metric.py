import keras
from keras import ops

from keras_attn.ops.known import shapes_match
from keras_attn.ops.received import received


class AnswerMetric(keras.metrics.Metric):
    """Mean of a measure of the bits that were asked for.

    Subclasses give `measure(bits, logits, weights)`, the sum of what is measured and what it is
    divided by, both scalars.

    Args:
        **kwargs: of `keras.metrics.Metric`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.total = self.add_variable((), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        bits, logits = (
            ops.cast(ops.convert_to_tensor(each), "float32") for each in (y_true, y_pred)
        )
        fits = len(bits.shape) == 3 and shapes_match(bits.shape, logits.shape)
        if not fits or bits.shape[-1] == 0:
            raise ValueError(
                "`y_true` and `y_pred` must both be of shape (batch, steps, channels). "
                f"{received(y_true=bits, y_pred=logits)}"
            )
        weights = ops.ones(ops.shape(bits)[:2], "float32")
        if sample_weight is not None:
            given = _float32(sample_weight)
            rank = len(given.shape)
            if not 1 <= rank <= 2 or not shapes_match(given.shape, bits.shape[:rank]):
                raise ValueError(
                    "`sample_weight` must be of shape (batch,) or (batch, steps). "
                    f"{received(sample_weight=given, y_true=bits)}"
                )
            weights = weights * (given if rank == 2 else given[:, None])
        total, count = self.measure(bits, logits, weights)
        self.total.assign_add(total)
        self.count.assign_add(count)

    def measure(self, bits, logits, weights):
        """The sum of what is measured, and what it is divided by.

        Args:
            bits, logits: float32 `(batch, steps, channels)`.
            weights: float32 `(batch, steps)`, 0 where nothing is asked for.

        Returns:
            Two scalars, each of which is summed over the batches.
        """
        raise NotImplementedError

    def result(self):
        return ops.divide_no_nan(self.total, self.count)


def _float32(values):
    return ops.cast(ops.convert_to_tensor(values), "float32")
