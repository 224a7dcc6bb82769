"""Inputs of a wrong rank."""

import re

import keras
import numpy as np
import pytest

from tests.conformance.registry import LAYERS, MODELS
from tests.conformance.selection import by_id, shared_cases

MESSAGE = r"Received|expected|incompatible"


def inputs_of_wrong_rank(case):
    """Yields the name of an input, and the inputs with another rank of that input."""
    arrays = case.arrays()
    for name, array in arrays.items():
        array = np.asarray(array)
        for other in (array[..., 0], np.stack([array, array], axis=-1)):
            yield name, {**arrays, name: other}


def check_error(function):
    """Calls a function; if it raises, the message has to report the received arguments."""
    try:
        function()
    except ValueError as error:
        message = str(error)
        assert "unpack" not in message
        assert re.search(MESSAGE, message), message


@by_id(shared_cases(LAYERS))
def test_an_unbuilt_layer_accepts_or_reports_another_rank(case):
    for _, arrays in inputs_of_wrong_rank(case):
        check_error(lambda arrays=arrays: case.run(case.make(), arrays))


@by_id(LAYERS)
def test_symbolic_inputs_of_another_rank(case):
    for _, arrays in inputs_of_wrong_rank(case):
        symbols = {
            name: keras.KerasTensor((None, *np.shape(array)[1:]), str(np.asarray(array).dtype))
            for name, array in arrays.items()
        }
        check_error(lambda symbols=symbols: case.run(case.make(), symbols))


# The layer around a cell is a layer of Keras.
@by_id([case for case in LAYERS if case.rnn is None])
def test_a_built_layer_accepts_or_reports_another_rank(case):
    layer = case.built()
    for _, arrays in inputs_of_wrong_rank(case):
        check_error(lambda arrays=arrays: case.run(layer, arrays))


@by_id(MODELS)
def test_a_model_reports_another_rank(case):
    model = case.model()
    for name, arrays in inputs_of_wrong_rank(case):
        before, after = np.ndim(case.arrays()[name]), np.ndim(arrays[name])
        if after < before and np.shape(case.arrays()[name])[-1] == 1:
            continue  # functional models of Keras add and drop a last axis of size 1
        with pytest.raises(ValueError, match=MESSAGE):
            model(case.pack(arrays))
