"""Strategies of arguments and input shapes, mostly valid ones, and the settings of the tests.

`FUZZ_EXAMPLES` in the environment is the approximate number of examples of all tests, drawn anew in
each run. By default they are about `USUAL`, the same in each run.
"""

import math
import os
from datetime import timedelta

import hypothesis
import keras
import numpy as np
from hypothesis import strategies as st

from tests.conformance.option import Option, Unused
from tests.conformance.signatures import constructor_arguments

USUAL = 1000
WANTED = int(os.environ.get("FUZZ_EXAMPLES", "0"))
BOUNDARIES = (
    None, 0, 1, -1, 2, True, 0.5, 2.0, math.nan, math.inf, -math.inf, 1e30, np.int64(2),
    np.float32(0.5), "", "wrong", (), (1,), (0, 0), (2, 3), [[]], {}, object,
)  # fmt: skip
OTHER_LAYERS = (keras.layers.Dense(2), keras.layers.LSTMCell(3))
# Keras interprets these arguments.
IDENTIFIERS = ("_initializer", "_regularizer", "activation", "reduction")
WRONG_IDENTIFIERS = (None, "wrong", 1)
# Arguments that may be tensors.
TENSORS = ("target", "strength", "baseline")
WRONG_TENSORS = (0, -1, 2.0, np.float32(0.5), np.ones(2), np.ones((3, 2)), np.ones((1, 1, 1, 1)))
# Mostly positive.
SIZES = (1, 2, 3, 1, 2, 3, 0)


def fuzzed(examples):
    """Returns the settings of a test with a number of examples, more with `FUZZ_EXAMPLES`."""
    return hypothesis.settings(
        max_examples=examples * max(1, WANTED // USUAL),
        derandomize=not WANTED,
        database=None,
        deadline=timedelta(minutes=2),
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=True,
    )


def wrong_values(name, valid=()):
    """Returns values of an argument of which most are invalid.

    Args:
        name: String, name of the argument.
        valid: Valid values of the argument.
    """
    if name in TENSORS:
        return WRONG_TENSORS
    if name.endswith(IDENTIFIERS):
        return WRONG_IDENTIFIERS
    if any(isinstance(value, keras.layers.Layer) for value in valid):
        return (*BOUNDARIES, *OTHER_LAYERS)
    return BOUNDARIES


@st.composite
def changed_arguments(draw, cases):
    """Draws a case with up to two constructor arguments changed.

    Args:
        cases: List of cases of one class.

    Returns:
        `(number, arguments, inputs)` of the case, see `changed_case`.
    """
    number = draw(st.integers(0, len(cases) - 1))
    arguments, inputs = dict(cases[number].arguments), dict(cases[number].inputs)
    names = sorted(set(constructor_arguments(cases[0].subject)) - {"dtype"})
    options = [(name, option) for case in cases for name, option in case.options.items()]
    changed = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
    for name in changed:
        valid = [option for other, option in options if other == name]
        valid = [option for option in valid if not isinstance(option, Unused)]
        if valid and draw(st.booleans()):
            option = draw(st.sampled_from(valid))
            option = option if isinstance(option, Option) else Option(option)
            arguments |= {**option.required, name: option.value, **option.coupled}
            inputs |= option.inputs
        else:
            valid = [arguments.get(name), *[getattr(each, "value", each) for each in valid]]
            refused = [each[name] for each in cases[number].refuses if name in each]
            values = [*wrong_values(name, valid), *refused]
            arguments[name] = draw(st.sampled_from(values))
    return number, arguments, inputs


def changed_case(cases, drawn):
    """Returns the case that `changed_arguments` has drawn."""
    number, arguments, inputs = drawn
    return cases[number].with_(arguments=arguments, inputs=inputs)


@st.composite
def changes(draw, arrays, scales=True):
    """Draws a change of the sizes, the rank or the scale of arrays, or none.

    Args:
        arrays: Dictionary of arrays by name.
        scales: Boolean, whether the scale of floats may change.

    Returns:
        A tuple for `changed_arrays`.
    """
    if not arrays:
        return ("same",)
    kind = draw(
        st.sampled_from(["same", "same", "batch", "size", "axis", "rank", *["scale"] * scales])
    )
    if kind == "batch":
        return kind, draw(st.sampled_from(SIZES))
    if kind == "size":
        sizes = sorted({size for array in arrays.values() for size in np.shape(array)[1:]})
        if sizes:
            return kind, draw(st.sampled_from(sizes)), draw(st.sampled_from(SIZES))
    if kind == "scale":
        return kind, draw(st.sampled_from([0.0, 1e4, -1e4]))
    if kind in ("axis", "rank"):
        name = draw(st.sampled_from(sorted(arrays)))
        rank = np.ndim(arrays[name])
        if kind == "rank":
            return kind, name, draw(st.booleans())
        if rank:
            return kind, name, draw(st.integers(0, rank - 1)), draw(st.sampled_from(SIZES))
    return ("same",)


def changed_arrays(arrays, change):
    """Returns the arrays after a change that `changes` has drawn."""
    kind, *parameters = change
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    if kind == "batch":
        (size,) = parameters
        arrays = {
            name: resized(array, 0, size) if array.ndim else array for name, array in arrays.items()
        }
    elif kind == "size":
        arrays = {name: with_size(array, *parameters) for name, array in arrays.items()}
    elif kind == "axis":
        name, axis, size = parameters
        arrays[name] = resized(arrays[name], axis, size)
    elif kind == "rank":
        name, more = parameters
        array = arrays[name]
        smaller = np.ones(array.shape[:-1], array.dtype)
        arrays[name] = array[..., None] if more or not array.ndim else smaller
    elif kind == "scale":
        (scale,) = parameters
        arrays = {
            name: (array * scale).astype(array.dtype) if array.dtype.kind == "f" else array
            for name, array in arrays.items()
        }
    hypothesis.note(f"inputs: { {name: array.shape for name, array in arrays.items()} }")
    return arrays


def same_shapes(arrays, others):
    """True if arrays, given by name, have the shapes of others."""
    return all(np.shape(arrays[name]) == np.shape(other) for name, other in others.items())


def with_size(array, before, after):
    """Returns an array whose axes of size `before` have the size `after`, except the batch."""
    for axis in range(1, array.ndim):
        if array.shape[axis] == before:
            array = resized(array, axis, after)
    return array


def resized(array, axis, size):
    """Returns an array with another size of an axis: cut off, or repeated from its beginning."""
    if not array.shape[axis]:
        shape = list(array.shape)
        shape[axis] = size
        return np.ones(shape, array.dtype)
    return np.take(array, np.arange(size) % array.shape[axis], axis=axis)


@st.composite
def changed_options(draw, options, most=2):
    """Draws arguments of which up to `most` are changed, most of them to invalid values.

    Args:
        options: Dictionary, argument → valid values.
        most: Non-negative integer.

    Returns:
        `(arguments, valid)`: the arguments, and whether all are valid.
    """
    arguments = {name: draw(st.sampled_from(values)) for name, values in options.items()}
    if not options:
        return arguments, True
    changed = draw(st.lists(st.sampled_from(sorted(options)), max_size=most, unique=True))
    for name in changed:
        arguments[name] = draw(st.sampled_from(wrong_values(name, options[name])))
    return arguments, not changed
