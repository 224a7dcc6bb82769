"""Data that the methods of models take: as NumPy arrays, or refused by name."""

import types

import keras
import numpy as np
from keras import ops


def float_array(name, data):
    """A NumPy array of floats.

    Args:
        name: String, the argument that the data came as, for the error message.
        data: A NumPy array or a tensor of the backend, of any dtype, or nested lists of numbers.

    Raises:
        ValueError: For symbolic tensors and data sets, or other things that are no numbers.
    """
    if keras.utils.is_keras_tensor(data):
        array = None
    elif ops.is_tensor(data):
        if keras.backend.standardize_dtype(data.dtype) == "bfloat16":
            data = ops.cast(data, "float32")  # NumPy has no such type
        array = ops.convert_to_numpy(data)
    else:
        array = np.asarray(data)
    if array is None or array.dtype.kind not in "fiub":
        raise ValueError(
            f"`{name}` must be an array of numbers, a tensor, or nested lists. "
            f"Received: {name} of type {type(data).__name__}"
        )
    return array if array.dtype.kind == "f" else array.astype(keras.config.floatx())


def first_batch(data):
    """Inputs of the first batch of what `fit` takes, arrays as a whole.

    Args:
        data: Arrays, a `keras.utils.PyDataset`, a generator, or an iterable of batches, such as a
            `tf.data.Dataset` or a PyTorch `DataLoader`.

    Returns:
        Pair of the inputs, and of `data` with the first batch still in it.
    """
    if hasattr(data, "shape") or data is None:
        return data, data
    if isinstance(data, keras.utils.PyDataset):
        batch = data[0]
    elif isinstance(data, types.GeneratorType):
        batch = next(data, None)
        data = _chained(batch, data)
    elif hasattr(data, "__iter__") and not isinstance(data, (list, tuple, dict)):
        batch = next(iter(data), None)
    else:
        return data, data
    return (batch[0] if isinstance(batch, (list, tuple)) and batch else batch), data


def _chained(batch, batches):
    # A generator, as Keras knows no other iterators.
    if batch is not None:
        yield batch
    yield from batches
