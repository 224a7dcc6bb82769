"""Variables that a loop reads, read before it, on TensorFlow."""

import contextlib

import keras
import tensorflow as tf


@contextlib.contextmanager
def variables_read_once(variables, dtype):
    """A scope in which Keras variables are tensors of a dtype; none may be assigned.

    A loop that reads variables itself takes up to twice as long to differentiate.
    """
    # A cast to the dtype that it has returns a variable unread.
    values = [tf.cast(tf.convert_to_tensor(variable.value), dtype) for variable in variables]
    with keras.StatelessScope(initialize_variables=False) as scope:
        for update in zip(variables, values, strict=True):
            scope.add_update(update)
        yield
