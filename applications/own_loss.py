"""Losses that a model computes itself, reduced and scaled as the losses of Keras are."""

import keras
from keras import ops

from keras_attn.applications.checked_data import bound_arguments
from keras_attn.ops.known import differ
from keras_attn.ops.received import received


class _PerExample(keras.losses.Loss):
    """Mean of precomputed losses, which are passed as `y_pred`."""

    def call(self, y_true, y_pred):
        return y_pred


def mean_loss(losses, sample_weight=None):
    """Computes the mean loss of a batch, divided by the number of replicas under `tf.distribute`.

    Args:
        losses: Float tensor of shape `(batch,)`, one loss per example.
        sample_weight: Tensor of shape `(batch,)` or `(batch, 1)`, weights of the examples, or
            `None`.

    Returns:
        Scalar tensor of the dtype of `losses`: sum of the weighted losses, divided by `batch`.

    Raises:
        ValueError: If `sample_weight` is of another shape.
    """
    weights = example_weights(sample_weight, losses)
    dtype = keras.backend.standardize_dtype(losses.dtype)
    return _PerExample(name="own_loss", dtype=dtype)(losses, losses, weights)


def example_weights(sample_weight, losses):
    """Returns `sample_weight` of shape `(batch,)` in the dtype of `losses`, or `None` for `None`.

    Raises:
        ValueError: If `sample_weight` does not hold one weight per example.
    """
    if sample_weight is None:
        return None
    if keras.tree.is_nested(sample_weight):
        raise ValueError(
            "`sample_weight` must be one tensor of shape (batch,). "
            f"Received: sample_weight of type {type(sample_weight)}"
        )
    weights = ops.cast(sample_weight, losses.dtype)
    shape = tuple(weights.shape)
    if len(shape) == 2 and shape[1] == 1:
        weights = weights[:, 0]
    if len(weights.shape) != 1 or differ(shape[0], losses.shape[0]):
        raise ValueError(
            f"`sample_weight` must be of shape (batch,). {received(sample_weight=sample_weight)}"
        )
    return weights


def expand_weights(sample_weight, y_pred):
    """Broadcasts weights `(batch,)` to the losses, which have the axes of `y_pred` but the last.

    Without this, Keras would multiply losses `(batch, steps)` by weights `(batch,)` along the axis
    of steps. Weights of another rank, and structures of tensors, are returned unchanged.
    """
    if sample_weight is None or any(map(keras.tree.is_nested, (sample_weight, y_pred))):
        return sample_weight
    if len(sample_weight.shape) != 1 or len(y_pred.shape) < 3:
        return sample_weight
    shape = ops.shape(y_pred)[:-1]
    weights = ops.convert_to_tensor(sample_weight, keras.config.floatx())
    # A product, not a broadcast view: on PyTorch Keras multiplies the weights in place.
    return ops.ones(shape, weights.dtype) * ops.reshape(weights, (-1, *[1] * (len(shape) - 1)))


class OwnLoss:
    """Mixin for models that compute their loss in `compute_loss`.

    `compile` raises an error for `loss` and other arguments that such a model would ignore.
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
        """Returns `loss` plus the losses of `add_loss` and of regularizers."""
        if self.losses:
            loss = loss + ops.cast(super().compute_loss(), loss.dtype)
        return loss


class InputsAsTargets:
    """Mixin for models whose targets default to the inputs."""

    def fit(self, *args, **kwargs):
        return super().fit(**self.data_arguments("fit", args, kwargs))

    def evaluate(self, *args, **kwargs):
        return super().evaluate(**self.data_arguments("evaluate", args, kwargs))

    def data_arguments(self, method, args, kwargs):
        """Returns the arguments of `fit` or `evaluate` as a dictionary."""
        given = bound_arguments(method, self, args, kwargs)
        # Keras ignores `sample_weight` if there are no targets.
        if given.get("y") is None and given.get("sample_weight") is not None:
            given["y"] = given["x"]
        return given
