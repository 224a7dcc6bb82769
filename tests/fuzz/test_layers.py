"""Layers with arbitrary arguments and input shapes."""

import inspect

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.refusals import input_names
from tests.conformance.registry import LAYERS
from tests.conformance.signatures import constructor_arguments
from tests.fuzz.outcome import REFUSED, check_outputs, outcome
from tests.fuzz.strategies import changed_arguments, changed_arrays, changed_case, changes, fuzzed

pytestmark = pytest.mark.once
CLASSES = list(dict.fromkeys(case.layer for case in LAYERS))


@pytest.mark.parametrize("layer", CLASSES, ids=lambda layer: layer.__name__)
@fuzzed(8)
@given(st.data())
def test_layers_compute_what_they_declare_or_name_the_argument(layer, data):
    cases = [case for case in LAYERS if case.layer is layer]
    case = changed_case(cases, data.draw(changed_arguments(cases)))
    names = {*constructor_arguments(layer), *input_names(case)}
    made = outcome(case.make, names)
    if made is REFUSED:
        return
    arrays = changed_arrays(case.arrays(), data.draw(changes(case.arrays())))
    if case.rnn is not None and 0 in next(iter(arrays.values())).shape[1:2]:
        return  # the layer of Keras around a cell needs a step
    free = data.draw(st.booleans())
    symbols = {
        name: keras.KerasTensor(
            (None, *array.shape[1:]) if free and array.ndim else array.shape,
            keras.backend.standardize_dtype(array.dtype),
        )
        for name, array in arrays.items()
    }
    call = {}
    if "training" in inspect.signature(layer.call).parameters:
        call["training"] = data.draw(st.booleans())
    specs = outcome(lambda: case.run(made, symbols, **call), names)
    again = case.make() if specs is REFUSED else made
    outputs = outcome(lambda: case.run(again, arrays, **call), names)
    if outputs is not REFUSED:
        assert specs is not REFUSED, "symbolic inputs are refused, arrays are not"
        check_outputs(outputs, specs)
