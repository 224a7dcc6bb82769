"""Inputs of a wrong rank."""

import keras
import numpy as np

from tests.conformance.refusals import input_names, is_refused
from tests.conformance.registry import LAYERS, MODELS
from tests.conformance.selection import by_id, shared_cases


def inputs_of_wrong_rank(case):
    """Yields the name of an input, and the inputs with another rank of that input."""
    arrays = case.arrays()
    for name, array in arrays.items():
        array = np.asarray(array)
        for other in (array[..., 0], np.stack([array, array], axis=-1)):
            yield name, {**arrays, name: other}


def refuses(case, layer, inputs):
    return is_refused(lambda: case.run(layer, inputs), input_names(case))


def refuses_symbols(case, arrays):
    """True if a new layer refuses symbolic tensors of the shapes and dtypes of arrays."""
    symbols = {
        name: keras.KerasTensor((None, *np.shape(array)[1:]), str(np.asarray(array).dtype))
        for name, array in arrays.items()
    }
    return refuses(case, case.make(), symbols)


@by_id(shared_cases(LAYERS))
def test_a_layer_refuses_arrays_if_it_refuses_symbolic_tensors(case):
    for name, arrays in inputs_of_wrong_rank(case):
        assert refuses(case, case.make(), arrays) == refuses_symbols(case, arrays), name


# The layer around a cell is a layer of Keras.
@by_id([case for case in LAYERS if case.rnn is None])
def test_a_built_layer_refuses_what_an_unbuilt_one_refuses(case):
    layer = case.built()
    for name, arrays in inputs_of_wrong_rank(case):
        assert refuses(case, layer, arrays) or not refuses_symbols(case, arrays), name


@by_id(MODELS)
def test_a_model_refuses_another_rank(case):
    model = case.model()
    for name, arrays in inputs_of_wrong_rank(case):
        before, after = np.ndim(case.arrays()[name]), np.ndim(arrays[name])
        if after < before and np.shape(case.arrays()[name])[-1] == 1:
            continue  # functional models of Keras add and drop a last axis of size 1
        given = case.pack(arrays)
        names = input_names(case) | {each.name for each in model.inputs}
        assert is_refused(lambda given=given: model(given), names), name
