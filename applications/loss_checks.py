"""Validation of the `loss` argument of `compile`."""

import inspect

import keras


def check_takes_logits(loss):
    """Raises an error if a loss expects probabilities: the model returns logits.

    Args:
        loss: Argument `loss` of `keras.Model.compile`.

    Raises:
        ValueError: If a loss has the option `from_logits`, and the option is `False`.
    """
    for each in keras.tree.flatten(loss):
        if each is not None and _takes_probabilities(keras.losses.get(each)):
            raise ValueError(
                "`loss` must take logits, such as "
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True): the model returns "
                "logits. "
                f"Received: loss={each!r}, which takes probabilities"
            )


def _takes_probabilities(loss):
    if isinstance(loss, keras.losses.Loss):
        return loss.get_config().get("from_logits") is False
    option = inspect.signature(loss).parameters.get("from_logits")
    return option is not None and option.default is False
