import keras
from keras import ops

from keras_attn.losses.token_shapes import check_ignore_class, check_tokens, spread


@keras.saving.register_keras_serializable(package="keras_attn")
class TokenCrossentropy(keras.losses.Loss):
    """Cross-entropy of sequences of tokens from logits, `-log p(y_t)`, over what is not padding.

    What `keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=...)` computes,
    with all tokens in one row: of sequences of thousands of classes that takes a third of its time
    on PyTorch. Labels of padding need not be classes, as -1 is none, and its logit may be -inf. The
    labels alone say what is padding, and not a mask of the logits.

    Args:
        ignore_class: the label of padding, None if there is none.
        reduction: of the tokens' losses, by default their mean over what is not padding, divided as
            Keras divides; None for all of them.
        name: of the loss.
        **kwargs: of `keras.losses.Loss`.

    Call arguments:
        y_true: integers `(batch, steps)`, or any shape.
        y_pred: logits, with a last axis more, of the classes.
        sample_weight: `(batch,)` or `(batch, steps)`.

    Returns:
        The loss in nats, a scalar, or with `reduction=None` of the shape of `y_true`.

    Raises:
        ValueError: for shapes that do not fit each other, of the weights too.

    Example:

    >>> loss = keras_attn.losses.TokenCrossentropy()
    >>> round(float(np.exp(loss([[3, 1, 0]], np.zeros((1, 3, 5))))), 4)
    5.0
    """

    def __init__(
        self,
        ignore_class=0,
        reduction="sum_over_batch_size",
        name="token_crossentropy",
        **kwargs,
    ):
        super().__init__(name=name, reduction=reduction, **kwargs)
        check_ignore_class(ignore_class)
        self.ignore_class = ignore_class

    def __call__(self, y_true, y_pred, sample_weight=None):
        labels, logits = ops.cast(y_true, "int32"), ops.convert_to_tensor(y_pred)
        check_tokens(labels, logits)
        shape = ops.shape(labels)
        weights = ops.ones(shape, self.dtype)
        if sample_weight is not None:
            weights = weights * spread(sample_weight, labels, self.dtype)
        if self.ignore_class is not None:
            counts = ops.cast(ops.not_equal(labels, self.ignore_class), self.dtype)
            weights = weights * counts
            if self.reduction not in (None, "none", "sum"):
                # Keras divides by the number of all tokens.
                weights = ops.divide_no_nan(weights, ops.mean(counts))
        found = super().__call__(
            ops.reshape(labels, (-1,)),
            ops.reshape(logits, (-1, logits.shape[-1])),
            ops.reshape(weights, (-1,)),
        )
        return ops.reshape(found, shape) if self.reduction in (None, "none") else found

    def call(self, y_true, y_pred):
        labels = ops.cast(y_true, "int32")
        if self.ignore_class is None:
            return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=True)
        counts = ops.not_equal(labels, self.ignore_class)
        found = ops.sparse_categorical_crossentropy(
            ops.where(counts, labels, 0), y_pred, from_logits=True
        )
        # Of a model that never says padding it is infinite, and no weight of 0 takes that away.
        return ops.where(counts, found, 0.0)

    def get_config(self):
        return {**super().get_config(), "ignore_class": self.ignore_class}
