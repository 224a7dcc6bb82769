"""Checks of numbers among the arguments of layers and functions."""

import numbers

import numpy as np


def positive_integer(name, value):
    """`value` as an `int`, refused unless it is a positive integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)


def check_size(name, value):
    """Raises `ValueError` unless `value` is a positive integer, or a size that is traced."""
    if not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")


def check_num_spatial_dims(value):
    """Raises `ValueError` unless the number of spatial dimensions is 2 or 3."""
    if not hasattr(value, "__index__") or value not in (2, 3):
        raise ValueError(f"`num_spatial_dims` must be 2 or 3. Received: num_spatial_dims={value!r}")


def number_array(name, data):
    """Converts data to a NumPy array of numbers.

    Args:
        name: String, argument name used in the error message.
        data: Array, or nested lists of numbers.

    Raises:
        ValueError: If lists of one level differ in length, or entries are not numbers.
    """
    try:
        array = np.asarray(data)
    except ValueError:  # lists of unequal lengths
        array = None
    if array is None or array.dtype.kind not in "fiub":
        raise ValueError(
            f"`{name}` must be an array of numbers, or nested lists of equal lengths. "
            f"Received: {name} of type {type(data).__name__}"
        )
    return array


def check_number(name, value, form, accepts):
    """Raises `ValueError` unless `value` is a real number in its range.

    Args:
        name: String, argument name used in the error message.
        value: Value of the argument.
        form: String, what the error message says that the number must: `"be positive"`.
        accepts: Function, number → whether it is in the range.
    """
    if not (isinstance(value, numbers.Real) and accepts(value)):
        raise ValueError(f"`{name}` must {form}. Received: {name}={value!r}")
