"""Sequences of no steps in recurrent layers of Keras whose variables are read once."""

import keras
import numpy as np
import pytest

from keras_attn.layers.recurrent import with_hoisted_variables
from tests.backend import on_one_backend, to_numpy

SEQUENCES = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_no_steps_have_the_outputs_that_were_asked_for(
    return_sequences, return_state, go_backwards
):
    layer = with_hoisted_variables(
        keras.layers.LSTM(
            6,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
        )
    )
    shapes = [(3, 0, 6) if return_sequences else (3, 6)] + [(3, 6)] * 2 * return_state
    state = [np.full((3, 6), number, "float32") for number in (0.5, -1.5)]
    layer(SEQUENCES)
    found = keras.tree.flatten(layer(SEQUENCES[:, :0], initial_state=state))
    assert [tuple(each.shape) for each in found] == shapes
    for one, other in zip(found[1:], state, strict=False):
        np.testing.assert_array_equal(to_numpy(one), other)


def test_both_directions_of_no_steps():
    layer = with_hoisted_variables(
        keras.layers.Bidirectional(keras.layers.GRU(6, return_sequences=True))
    )
    whole = to_numpy(layer(SEQUENCES))
    assert tuple(layer(SEQUENCES[:, :0]).shape) == (3, 0, 12)
    np.testing.assert_array_equal(to_numpy(layer(SEQUENCES)), whole)


@on_one_backend
@pytest.mark.parametrize("shape", [(3, 4), (3, 5, 4, 1)])
def test_sequences_of_another_rank_are_refused(shape):
    layer = with_hoisted_variables(keras.layers.GRU(6))
    layer.build((3, 5, 4))
    with pytest.raises(ValueError, match=r"`sequences` must be of shape|is incompatible"):
        layer.call(np.ones(shape, "float32"))
