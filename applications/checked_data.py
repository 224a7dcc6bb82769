"""Validation of the data of `fit` and `evaluate`."""

import inspect

import keras
import numpy as np
from keras import ops

from keras_attn.applications.arrays import first_batch


class CheckedData:
    """Mixin for models that validate the data of `fit`, `evaluate` and of single batches.

    Subclasses define `check_inputs` and `check_targets`. Arrays are checked completely, other
    data sets by their first batch.
    """

    def check_inputs(self, name, x):
        """Raises `ValueError` for inputs that the model does not support.

        Args:
            name: String, argument name used in the error message.
            x: Inputs: an array, a tensor, or a structure of them.
        """

    def check_targets(self, name, y):
        """Raises `ValueError` for targets that the model does not support; see `check_inputs`."""

    def fit(self, *args, **kwargs):
        given = self._checked(bound_arguments("fit", self, args, kwargs))
        validation = given.get("validation_data")
        if isinstance(validation, (list, tuple)) and validation:  # x, y, sample_weight
            x = self._checked_data("validation_data", *validation[:2])
            given["validation_data"] = (x, *validation[1:])
        elif validation is not None:
            given["validation_data"] = self._checked_data("validation_data", validation)
        return super().fit(**given)

    def evaluate(self, *args, **kwargs):
        given = bound_arguments("evaluate", self, args, kwargs)
        # Inside `fit` Keras evaluates an iterator of its own over data that `fit` has checked.
        if not given.get("_use_cached_eval_dataset"):
            given = self._checked(given)
        return super().evaluate(**given)

    def train_on_batch(self, x, y=None, *args, **kwargs):
        self._checked_data("x", x, y, "y")
        return super().train_on_batch(x, y, *args, **kwargs)

    def test_on_batch(self, x, y=None, *args, **kwargs):
        self._checked_data("x", x, y, "y")
        return super().test_on_batch(x, y, *args, **kwargs)

    def _checked(self, given):
        return {**given, "x": self._checked_data("x", given.get("x"), given.get("y"), "y")}

    def _checked_data(self, name, x, y=None, target_name=None):
        """Checks the data, and returns `x`, with the first batch still in it."""
        first_x, first_y, x = first_batch(x)
        self.check_inputs(name, first_x)
        self.check_targets(target_name or name, first_y if y is None else y)
        return x


def bound_arguments(method, model, args, kwargs):
    """Returns the arguments of a call of a method of `keras.Model` as a dictionary."""
    given = dict(
        inspect.signature(getattr(keras.Model, method)).bind(model, *args, **kwargs).arguments
    )
    del given["self"]
    return {**given.pop("kwargs", {}), **given}


def value_range(array):
    """Returns the smallest and the largest value, as floats.

    Args:
        array: Array or tensor; a tensor is reduced on its device.

    Returns:
        Pair of floats; `None` for empty and symbolic arrays, booleans, and values without a dtype.
    """
    if not hasattr(array, "shape") or not hasattr(array, "dtype"):
        return None
    if keras.utils.is_keras_tensor(array) or 0 in tuple(array.shape):
        return None
    if not ops.is_tensor(array):
        array = np.asarray(array)
        return None if array.dtype == bool else (float(array.min()), float(array.max()))
    if keras.backend.standardize_dtype(array.dtype) == "bool":
        return None
    # NumPy has no bfloat16.
    low, high = (ops.cast(reduce(array), "float32") for reduce in (ops.min, ops.max))
    return float(ops.convert_to_numpy(low)), float(ops.convert_to_numpy(high))
