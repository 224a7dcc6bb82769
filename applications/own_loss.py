"""Losses that a model computes by itself, reduced and scaled as Keras does with its own."""

import inspect

import keras
from keras import ops

from keras_attn.ops.received import received


class _PerExample(keras.losses.Loss):
    """The mean of losses that are computed already; they come as `y_pred`."""

    def call(self, y_true, y_pred):
        return y_pred


def mean_loss(losses, sample_weight=None):
    """Mean over the examples of a batch, which Keras divides by the replicas of a distribution.

    Args:
        losses: Float tensor of shape `(batch,)`, one loss for each example.
        sample_weight: Weights of the examples, of shape `(batch,)` or `(batch, 1)`; or None.

    Returns:
        Scalar tensor of the dtype of `losses`: the sum of the weighted losses over their number.

    Raises:
        ValueError: If `sample_weight` is of another shape.
    """
    weights = example_weights(sample_weight, losses)
    dtype = keras.backend.standardize_dtype(losses.dtype)
    return _PerExample(name="own_loss", dtype=dtype)(losses, losses, weights)


def example_weights(sample_weight, losses):
    """`sample_weight` of shape `(batch,)` in the dtype of `losses`; None stays None.

    Raises:
        ValueError: If `sample_weight` is not one weight for each example.
    """
    if sample_weight is None:
        return None
    if keras.tree.is_nested(sample_weight):
        raise ValueError(
            "`sample_weight` must be one tensor of shape (batch,), as the model has one loss. "
            f"Received: sample_weight of type {type(sample_weight)}"
        )
    weights = ops.cast(sample_weight, losses.dtype)
    shape = tuple(weights.shape)
    if len(shape) == 2 and shape[1] == 1:
        weights = weights[:, 0]
    count = losses.shape[0]
    if len(weights.shape) != 1 or (None not in (shape[0], count) and shape[0] != count):
        raise ValueError(
            f"`sample_weight` must be of shape (batch,). {received(sample_weight=sample_weight)}"
        )
    return weights


def spread_weights(sample_weight, y_pred):
    """Weights of examples, `(batch,)`, for each of their losses; others as they are.

    Keras multiplies losses `(batch, steps)` by weights `(batch,)` as if these were of steps. Its
    losses have the axes of `y_pred` but the last.
    """
    if sample_weight is None or any(map(keras.tree.is_nested, (sample_weight, y_pred))):
        return sample_weight
    if len(sample_weight.shape) != 1 or len(y_pred.shape) < 3:
        return sample_weight
    shape = ops.shape(y_pred)[:-1]
    weights = ops.convert_to_tensor(sample_weight, keras.config.floatx())
    # A product, as Keras multiplies it in place on PyTorch.
    return ops.ones(shape, weights.dtype) * ops.reshape(weights, (-1, *[1] * (len(shape) - 1)))


class OwnLoss:
    """Mixin of models that compute their loss by themselves, in `compute_loss`.

    `compile` refuses `loss` and the like, which would be ignored; `loss_description` says why.
    """

    # Ends the sentence "`loss` must be None, as the model trains ...".
    loss_description = "by a loss of its own"
    refused_by_compile = ("loss", "loss_weights")

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        **kwargs,
    ):
        options = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        for name in self.refused_by_compile:
            if options[name]:
                raise ValueError(
                    f"`{name}` must be None, as the model trains {self.loss_description}. "
                    f"Received: {name}={options[name]!r}"
                )
        super().compile(optimizer, **options, **kwargs)

    def with_added_losses(self, loss):
        """`loss` and what `add_loss` and regularizers have added, as Keras sums it."""
        if self.losses:
            loss = loss + ops.cast(super().compute_loss(), loss.dtype)
        return loss


class InputsAsTargets:
    """Mixin of models that take their inputs for the targets where no others are given."""

    def fit(self, *args, **kwargs):
        return super().fit(**self.data_arguments("fit", args, kwargs))

    def evaluate(self, *args, **kwargs):
        return super().evaluate(**self.data_arguments("evaluate", args, kwargs))

    def data_arguments(self, method, args, kwargs):
        """The arguments of `fit` or `evaluate` by name."""
        given = inspect.signature(getattr(keras.Model, method)).bind(self, *args, **kwargs)
        given = dict(given.arguments)
        del given["self"]
        given = {**given.pop("kwargs", {}), **given}
        # Keras drops the weights of examples that have no targets.
        if given.get("y") is None and given.get("sample_weight") is not None:
            given["y"] = given["x"]
        return given
