"""Compiles functions of a model with `predict_on_batch`."""

import keras
import numpy as np
from keras import ops

from keras_attn.ops.checks import positive_integer


class CompiledMethods:
    """Cache of compiled functions of a model, cleared when the model changes.

    A compiled function is bound to the variables and the settings of its trace. The cache is
    cleared after `quantize`, `enable_lora`, a change of a dtype policy or of `trainable`, and after
    `compile` with another optimizer. The values of the weights are read at every call.

    This class is not a Keras object: Keras would otherwise track the model as its own sublayer.

    Args:
        model: Keras model whose weights the functions read.
    """

    def __init__(self, model):
        self.model = model
        self.clear()

    def clear(self):
        """Removes all compiled functions."""
        self._cache, self._traced = {}, None

    def get(self, key, function, seed_generator=None):
        """Returns the compiled function for a key; compiles it at the first request.

        Args:
            key: Hashable, identifies the function among those of the model.
            function: Callable from tensors `(batch, ...)`, or a dictionary of them, to a structure
                of tensors.
            seed_generator: `keras.random.SeedGenerator` that the function draws from and the model
                does not track; `None` for a function without one.

        Returns:
            Callable from arrays to tensors.
        """
        trace_key = _trace_key(self.model)
        if trace_key != self._traced:
            self.clear()
            self._traced = trace_key
        if key not in self._cache:
            compiled = _Function(self.model, function, seed_generator)
            self._cache[key] = compiled.predict_on_batch
        return self._cache[key]

    def __call__(self, key, function, batch_size, *arrays):
        """Applies a function to NumPy arrays batch by batch, and returns NumPy arrays.

        Args:
            key, function: See `get`.
            batch_size: Positive integer, number of examples per call of the function.
            *arrays: Arrays of shape `(examples, ...)`, arguments of the function.

        Raises:
            ValueError: If there is no example, or `batch_size` is not a positive integer.
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
    """Wraps a function as a model, so that `predict_on_batch` compiles it."""

    def __init__(self, model, function, seed_generator):
        super().__init__(name="function")
        self.model, self.function, self.seed_generator = model, function, seed_generator
        self.built = True  # on JAX, Keras would first run the function without compilation

    def call(self, inputs):
        # `Model.__call__` would cast, but the function calls layers of the model directly.
        inputs = keras.tree.map_structure(self._cast, inputs)
        return self.function(*(inputs if isinstance(inputs, (list, tuple)) else [inputs]))

    def _cast(self, tensor):
        is_float = keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
        return ops.cast(tensor, self.model.compute_dtype) if is_float else tensor


class _IdentityKey:
    """Compares a value by identity. The reference keeps the id of the value from being reused."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value is other.value


def _trace_key(model):
    """Everything that a trace of a model depends on, apart from the values of variables."""
    variables = [(_IdentityKey(variable), variable.trainable) for variable in model.variables]
    policies = [layer.dtype_policy.name for layer in model._flatten_layers()]
    return variables, policies, _IdentityKey(getattr(model, "optimizer", None))
