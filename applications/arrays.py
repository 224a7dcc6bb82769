"""Conversion of the data arguments of models to NumPy arrays."""

import types

import keras
from keras import ops

from keras_attn.ops.checks import number_array


def float_array(name, data):
    """Converts data to a NumPy array of floats.

    Args:
        name: String, argument name used in the error message.
        data: NumPy array or backend tensor of any dtype, or nested lists of numbers.

    Returns:
        Float array of the shape of `data`; integers and booleans are cast to `floatx`.

    Raises:
        ValueError: If `data` is a symbolic tensor, a data set or not numeric.
    """
    if keras.utils.is_keras_tensor(data):
        raise ValueError(
            f"`{name}` must be an array of numbers. Received: a symbolic tensor {data}"
        )
    if ops.is_tensor(data):
        if keras.backend.standardize_dtype(data.dtype) == "bfloat16":
            data = ops.cast(data, "float32")  # NumPy has no bfloat16
        data = ops.convert_to_numpy(data)
    array = number_array(name, data)
    return array if array.dtype.kind == "f" else array.astype(keras.config.floatx())


def first_batch(data):
    """Returns the inputs and targets of the first batch, and data that still yield this batch.

    Args:
        data: Argument `x` of `fit`: arrays, a `keras.utils.PyDataset`, a generator, or an iterable
            of batches, such as a `tf.data.Dataset` or a PyTorch `DataLoader`.

    Returns:
        Tuple `(inputs, targets, data)`. Arrays are returned unchanged, without targets; a generator
        is replaced by a new one that yields the first batch again.
    """
    if hasattr(data, "shape") or data is None:
        return data, None, data
    if isinstance(data, keras.utils.PyDataset):
        batch = data[0]
    elif isinstance(data, types.GeneratorType):
        batch = next(data, None)
        data = _prepend_batch(batch, data)
    elif hasattr(data, "__iter__") and not isinstance(data, (list, tuple, dict)):
        batch = next(iter(data), None)
    else:
        return data, None, data
    inputs, targets = [*batch, None][:2] if isinstance(batch, (list, tuple)) else (batch, None)
    return inputs, targets, data


def _prepend_batch(batch, batches):
    # Not `itertools.chain`: Keras accepts no iterators but generators.
    if batch is not None:
        yield batch
    yield from batches
