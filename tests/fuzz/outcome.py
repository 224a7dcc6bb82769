"""Outcomes of calls with arbitrary arguments: a result, or an error that names an argument."""

import re

import hypothesis
import keras
import numpy as np

from tests.backend import flat
from tests.conformance.refusals import check_message

WRONG_CALL = re.compile(
    r"missing \d+ required|unexpected keyword|multiple values|positional arg|takes no arg"
)
REFUSED = object()


def outcome(function, names):
    """Returns the result of a call without arguments, or `REFUSED`.

    Args:
        function: Function without arguments.
        names: Names, one of which an error message has to contain in backticks.

    Raises:
        AssertionError: If the function raises a `ValueError` that names no argument.
        Exception: Any other error of the function, except a `TypeError` of Python for a call that
            does not match the signature.
    """
    try:
        return function()
    except ValueError as error:
        check_message(error, names)
    except TypeError as error:
        if not WRONG_CALL.search(str(error)):
            raise
    hypothesis.event("refused")
    return REFUSED


def check_outputs(outputs, specs=None):
    """Asserts that outputs are finite, and that they have the shapes and dtypes of `specs`."""
    assert all(np.isfinite(array).all() for array in flat(outputs))
    if specs is None:
        return
    outputs, specs = keras.tree.flatten(outputs), keras.tree.flatten(specs)
    assert len(outputs) == len(specs)
    for output, spec in zip(outputs, specs, strict=True):
        assert keras.backend.standardize_dtype(output.dtype) == spec.dtype
        shape = tuple(output.shape)
        assert len(shape) == len(spec.shape), (shape, spec.shape)
        assert all(a in (None, b) for a, b in zip(spec.shape, shape, strict=True)), (
            shape,
            spec.shape,
        )
