"""Inputs with an axis too few or too many."""

import re

import keras
import numpy as np
import pytest

from tests.conformance.case import by_id
from tests.conformance.registry import LAYERS, MODELS

MESSAGE = r"Received|expected|incompatible"


def wrong(case):
    """Inputs of which one has another rank, by the name of it."""
    arrays = case.arrays()
    for name, array in arrays.items():
        array = np.asarray(array)
        for other in (array[..., 0], np.stack([array, array], axis=-1)):
            yield name, {**arrays, name: other}


def refused_or_accepted(function):
    """Calls a function that may refuse its arguments, by a message that says what came."""
    try:
        function()
    except ValueError as error:
        message = str(error)
        assert "unpack" not in message
        assert re.search(MESSAGE, message), message


@by_id(LAYERS)
def test_a_new_layer_refuses_another_rank_or_takes_it(case):
    for _, arrays in wrong(case):
        refused_or_accepted(lambda arrays=arrays: case.run(case.make(), arrays))


@by_id(LAYERS)
def test_symbols_of_another_rank(case):
    for _, arrays in wrong(case):
        symbols = {
            name: keras.KerasTensor((None, *np.shape(array)[1:]), str(np.asarray(array).dtype))
            for name, array in arrays.items()
        }
        refused_or_accepted(lambda symbols=symbols: case.run(case.make(), symbols))


# What stands around a cell is a layer of Keras.
@by_id([case for case in LAYERS if case.rnn is None])
def test_a_built_layer_refuses_another_rank_or_takes_it(case):
    layer = case.built()
    for _, arrays in wrong(case):
        refused_or_accepted(lambda arrays=arrays: case.run(layer, arrays))


@by_id(MODELS)
def test_a_model_refuses_another_rank(case):
    model = case.model()
    for name, arrays in wrong(case):
        before, after = np.ndim(case.arrays()[name]), np.ndim(arrays[name])
        if after < before and np.shape(case.arrays()[name])[-1] == 1:
            continue  # Functional models add and drop a last axis of 1 by themselves.
        with pytest.raises(ValueError, match=MESSAGE):
            model(case.pack(arrays))
