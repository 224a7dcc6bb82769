"""Functions of a model that run compiled, as its `predict` does."""

import keras
import numpy as np
from keras import ops

from keras_attn.layers.arguments import positive_integer


class CompiledMethods:
    """Compiled functions of a model, which are forgotten when the model changes.

    A compiled function keeps the variables and the settings that it was traced with. All are
    compiled anew after `quantize`, `enable_lora`, a change of a dtype policy or of which layers
    train, and after `compile` with another optimizer. Values of weights are read at every call.

    No Keras object, so that the model does not count itself among its own layers.

    Args:
        model: the Keras model whose weights the functions read.
    """

    def __init__(self, model):
        self.model = model
        self.clear()

    def clear(self):
        """Forgets all compiled functions."""
        self._cache, self._traced = {}, None

    def get(self, key, function, seed_generator=None):
        """The compiled function for batches of a fixed structure.

        Args:
            key: hashable, tells the functions of the model apart.
            function: from tensors `(batch, ...)`, or a dictionary of them, to tensors in any
                structure; compiled when the key is new.
            seed_generator: a `keras.random.SeedGenerator` outside of the model that the function
                draws from.

        Returns:
            A function of arrays that returns tensors.
        """
        state = _state(self.model)
        if state != self._traced:
            self.clear()
            self._traced = state
        if key not in self._cache:
            compiled = _Function(self.model, function, seed_generator)
            self._cache[key] = compiled.predict_on_batch
        return self._cache[key]

    def __call__(self, key, function, batch_size, *arrays):
        """What the function gives for NumPy arrays of any length, as NumPy arrays.

        Args:
            key, function: see `get`.
            batch_size: examples at a time.
            *arrays: arguments of the function, `(examples, ...)`.

        Raises:
            ValueError: for no example, or a batch size that is not a positive integer.
        """
        positive_integer("batch_size", batch_size)
        if not len(arrays[0]):
            raise ValueError(
                f"At least one example is needed. Received: an array of shape {arrays[0].shape}"
            )
        compiled, parts = self.get(key, function), []
        for first in range(0, len(arrays[0]), batch_size):
            batch = [array[first : first + batch_size] for array in arrays]
            outputs = compiled(batch[0] if len(batch) == 1 else batch)
            parts.append(keras.tree.map_structure(ops.convert_to_numpy, outputs))
        return keras.tree.map_structure(lambda *each: np.concatenate(each), *parts)


class _Function(keras.Model):
    """A function as a model: `predict_on_batch` compiles it."""

    def __init__(self, model, function, seed_generator):
        super().__init__(name="function")
        self.model, self.function, self.seed_generator = model, function, seed_generator

    def call(self, inputs):
        # The parts of the model are called without its `__call__`, which casts.
        inputs = keras.tree.map_structure(self._cast, inputs)
        return self.function(*(inputs if isinstance(inputs, (list, tuple)) else [inputs]))

    def _cast(self, tensor):
        is_float = keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
        return ops.cast(tensor, self.model.compute_dtype) if is_float else tensor


class _Same:
    """An object that equals itself alone, and lives as long as it is compared with."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value is other.value


def _state(model):
    """Everything but values that a compiled function of a model depends on."""
    variables = [(_Same(variable), variable.trainable) for variable in model.variables]
    policies = [layer.dtype_policy.name for layer in model._flatten_layers()]
    return variables, policies, _Same(getattr(model, "optimizer", None))
