"""Checks of the losses that models are compiled with."""

import inspect

import keras


def check_takes_logits(loss):
    """Refuses losses of probabilities, which train models of logits badly without a word.

    Args:
        loss: Argument of `keras.Model.compile`.

    Raises:
        ValueError: If a loss has the option `from_logits`, and it is not set.
    """
    for each in keras.tree.flatten(loss):
        if each is not None and _takes_probabilities(keras.losses.get(each)):
            raise ValueError(
                "`loss` must take logits, which this model returns, as "
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True) does. "
                f"Received: loss={each!r}, which takes probabilities"
            )


def _takes_probabilities(loss):
    if isinstance(loss, keras.losses.Loss):
        return loss.get_config().get("from_logits") is False
    option = inspect.signature(loss).parameters.get("from_logits")
    return option is not None and option.default is False
