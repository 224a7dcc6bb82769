"""Applications with arbitrary arguments and input shapes."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.registry import MODELS
from tests.conformance.signatures import constructor_arguments
from tests.fuzz.outcome import REFUSED, check_outputs, outcome
from tests.fuzz.strategies import changed_arguments, changed_arrays, changed_case, changes, fuzzed

pytestmark = pytest.mark.once
CLASSES = list(dict.fromkeys(case.application for case in MODELS))


@pytest.mark.parametrize("application", CLASSES, ids=lambda application: application.__name__)
@fuzzed(2)
@given(st.data())
def test_models_compute_what_they_declare_or_name_the_argument(application, data):
    cases = [case for case in MODELS if case.application is application]
    case = changed_case(cases, data.draw(changed_arguments(cases)))
    names = {*constructor_arguments(application), *case.inputs, "inputs"}
    model = outcome(lambda: case.model(random=False), names)
    if model is REFUSED:
        return
    names |= {each.name for each in model.inputs}
    arrays = changed_arrays(case.arrays(), data.draw(changes(case.arrays())))
    # Tokens that are in the smallest of vocabularies.
    arrays = {
        name: np.minimum(array, 1) if array.dtype.kind in "iu" else array
        for name, array in arrays.items()
    }
    outputs = outcome(lambda: model(case.pack(arrays), training=False), names)
    if outputs is REFUSED:
        return
    if any(np.ndim(array) != np.ndim(arrays[name]) for name, array in case.arrays().items()):
        return  # functional models of Keras add and drop a last axis of arrays
    symbols = {
        name: keras.KerasTensor(array.shape, keras.backend.standardize_dtype(array.dtype))
        for name, array in arrays.items()
    }
    check_outputs(outputs, model(case.pack(symbols), training=False))
