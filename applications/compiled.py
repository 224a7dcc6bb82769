import keras
import numpy as np
from keras import ops

from keras_attn.layers.arguments import positive_integer


class Compiled:
    """Functions of a model that are compiled as its `predict` is, and take arrays of any length.

    No Keras object, so that the model does not count itself among its own layers.

    Args:
        model: whose weights the functions read.
        **functions: from tensors `(batch, ...)` to tensors `(batch, ...)` in any structure.
    """

    def __init__(self, model, **functions):
        self.model, self.functions = model, functions
        self.found = {}

    def __call__(self, name, batch_size, *arrays):
        """What the function gives for NumPy arrays, as NumPy arrays."""
        if name not in self.found:
            self.found[name] = _Function(self.model, self.functions[name]).predict_on_batch
        positive_integer("batch_size", batch_size)
        if not len(arrays[0]):
            raise ValueError(
                f"At least one example is needed. Received: an array of shape {arrays[0].shape}"
            )
        parts = []
        for first in range(0, len(arrays[0]), batch_size):
            batch = [array[first : first + batch_size] for array in arrays]
            found = self.found[name](batch[0] if len(batch) == 1 else batch)
            parts.append(keras.tree.map_structure(ops.convert_to_numpy, found))
        return keras.tree.map_structure(lambda *each: np.concatenate(each), *parts)


class _Function(keras.Model):
    """A function as a model: `predict_on_batch` compiles it."""

    def __init__(self, model, function):
        super().__init__(name="function")
        self.model, self.function = model, function

    def call(self, inputs):
        # The parts of the model are called without its `__call__`, which casts.
        inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return self.function(*(self._cast(each) for each in inputs))

    def _cast(self, tensor):
        is_float = keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
        return ops.cast(tensor, self.model.compute_dtype) if is_float else tensor
