import keras
from keras import ops

from keras_attn.losses.token_shapes import check_ignore_class, check_tokens, spread


class MaskedMean(keras.metrics.Metric):
    """Mean of a measure over what is not padding.

    Subclasses give `measure(labels, logits, mask)` as the measures and their weights, of one shape.

    Args:
        ignore_class: the label of padding, None if there is none.
        **kwargs: of `keras.metrics.Metric`.
    """

    def __init__(self, ignore_class=0, **kwargs):
        super().__init__(**kwargs)
        check_ignore_class(ignore_class)
        self.ignore_class = ignore_class
        self.total = self.add_variable((), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
        logits = ops.convert_to_tensor(y_pred)
        check_tokens(labels, logits)
        mask = ops.ones(ops.shape(labels), "float32")
        if self.ignore_class is not None:
            mask = ops.cast(labels != self.ignore_class, "float32")
        measures, weights = self.measure(labels, logits, mask)
        if sample_weight is not None:
            weights = weights * spread(sample_weight, weights, "float32")
        # What does not count may be infinite, or not a number.
        measures = ops.where(weights == 0, 0.0, measures)
        self.total.assign_add(ops.sum(measures * weights))
        self.count.assign_add(ops.sum(weights))

    def measure(self, labels, logits, mask):
        """Measures and their weights.

        Args:
            labels: int32 `(..., steps)`.
            logits: `(..., steps, classes)`.
            mask: float32 like `labels`, 0 for padding and 1 elsewhere.

        Returns:
            Two float32 tensors of one shape, `(..., steps)`, or `(...)` for measures of sequences.
        """
        raise NotImplementedError

    def result(self):
        return ops.divide_no_nan(self.total, self.count)

    def get_config(self):
        return {**super().get_config(), "ignore_class": self.ignore_class}
