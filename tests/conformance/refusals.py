"""Errors that have to name the argument they are about."""

import inspect
import re

from keras_attn import GridGenerator, GridSampler
from tests.conformance.case import LayerCase

NAMED = re.compile(r"`([A-Za-z_]\w*)")
# Identifiers of Keras objects, ranks of Keras layers, inputs of functional models and empty batches
# of pooling layers, which Keras checks and reports without backticks.
KERAS = re.compile(
    r"Could not interpret|is incompatible with the layer|Invalid input shape for input"
    r"|Cannot compute the max of an empty tensor"
)
# Arguments of the ops and layers inside a layer that check its inputs.
ALIASES = {
    GridGenerator: {"flow"},
    GridSampler: {"images"},
}


def check_message(error, names):
    """Asserts that the message of an error contains one of the names in backticks, or is of Keras.

    Raises:
        AssertionError: From the error.
    """
    message = str(error)
    if not (set(NAMED.findall(message)) & set(names) or KERAS.search(message)):
        raise AssertionError(f"the error names no argument: {message}") from error


def parameters(function):
    """Returns the names of the parameters of a function."""
    return set(inspect.signature(function).parameters) - {"self", "args", "kwargs"}


def input_names(case):
    """Returns names that errors about the inputs of a case may contain: also of its arguments."""
    names = {*case.inputs, *case.arguments, "inputs"}
    if isinstance(case, LayerCase):
        names |= {"sequences"} | parameters(case.layer.call) | ALIASES.get(case.layer, set())
    return names


def is_refused(function, names):
    """True if a function without arguments raises a `ValueError`; see `check_message`."""
    try:
        function()
    except ValueError as error:
        check_message(error, names)
        return True
    return False
