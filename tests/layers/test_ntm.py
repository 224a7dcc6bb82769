"""A machine with weights set by hand, and controllers."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, MemoryRNN, NTMCell
from tests.backend import BACKEND, compiled, gradients, to_numpy
from tests.layers.machines import Heads, identity

SIZES = {"units": 5, "memory_locations": 6, "memory_width": 4}


@pytest.fixture
def inputs(generator):
    return generator.normal(size=(2, 6, 3)).astype("float32")


def copy_machine(locations, width):
    """A machine that writes and reads at the signs in its input.

    The input is a row of bits, a sign to write and a sign to read. The controller is the identity;
    at its sign a head moves to the next location, where one writes and the other reads.
    """
    features = width + 2
    cell = NTMCell(features, locations, width, controller=identity(features))
    layer = NTM(cell, return_sequences=True)
    layer.build((None, None, features))
    cell.first_memory.assign(np.zeros((locations, width)))
    cell.first_weights.assign(np.where(np.arange(locations) == 0, 50.0, 0.0)[None].repeat(2, 0))
    write, read = width, width + 1
    heads = Heads(cell)
    heads.bias["gate"][:] = -20.0
    heads.bias["sharpening"][:] = 20.0
    # The first head reads, the second writes: each stays, or moves up at its sign.
    for head, sign in ((0, read), (1, write)):
        heads.bias["shift"][head] = [0.0, 20.0, 0.0]
        heads.kernel["shift"][sign, head] = [0.0, -20.0, 20.0]
    heads.bias["erase"][:] = -20.0
    heads.kernel["erase"][write] = 40.0
    for bit in range(width):
        heads.kernel["add"][bit, 0, bit] = 20.0
    heads.set()
    return layer, features


@pytest.mark.parametrize("length", [1, 5, 8])
def test_a_machine_set_by_hand_copies(generator, length):
    layer, features = copy_machine(locations=8, width=3)
    bits = generator.integers(0, 2, (4, length, 3)).astype("float32")
    sequence = np.zeros((4, 2 * length, features), "float32")
    sequence[:, :length, :3] = bits
    sequence[:, :length, 3] = 1.0
    sequence[:, length:, 4] = 1.0
    found = to_numpy(layer(sequence))
    np.testing.assert_allclose(found[:, length:, features:], bits, atol=1e-4)
    # The locations are read in the order in which they were written.
    trace = {name: to_numpy(each) for name, each in layer.trace(sequence).items()}
    places = np.argmax(trace["write_weights"][0, :length, 0], axis=-1)
    assert places.tolist() == [(step + 1) % 8 for step in range(length)]
    np.testing.assert_array_equal(places, np.argmax(trace["read_weights"][0, length:, 0], axis=-1))


@pytest.mark.parametrize(
    "controller",
    [
        keras.layers.LSTM(5, name="own"),
        keras.layers.SimpleRNNCell(5),
        keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.GRUCell(5)]),
        keras.Sequential([keras.layers.Dense(7, "relu"), keras.layers.Dense(5)]),
    ],
    ids=["LSTM", "SimpleRNNCell", "StackedRNNCells", "Sequential"],
)
def test_given_controllers_are_saved(controller, inputs):
    layer = NTM(NTMCell(**SIZES, controller=controller))
    expected = to_numpy(layer(inputs))
    again = NTM.from_config(layer.get_config())
    again.build((None, None, 3))
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(to_numpy(again(inputs)), expected, atol=1e-6)


@pytest.mark.parametrize(
    "controller",
    [
        keras.layers.LSTMCell(4),
        keras.layers.LSTMCell(5, dropout=0.5),
        keras.layers.LSTMCell(5, recurrent_dropout=0.5),
        3,
    ],
)
def test_controllers_that_do_not_fit_are_refused(controller):
    with pytest.raises(ValueError, match="`controller` must"):
        NTMCell(**SIZES, controller=controller)


def test_layers_of_another_width_are_refused_when_they_are_built(inputs):
    layer = NTM(NTMCell(**SIZES, controller=keras.layers.Dense(4)))
    with pytest.raises(ValueError, match="`controller` must be `units` wide"):
        layer(inputs)


def test_first_weights_of_the_heads():
    for rows in (2, 6, 128):
        cell = NTMCell(5, rows, 4, num_write_heads=2, addressing="content")
        cell.build((None, 3))
        *_, weights = cell.get_initial_state(batch_size=1)
        weights = to_numpy(weights).reshape(3, rows)
        np.testing.assert_allclose(weights[:, 0], 0.99, atol=1e-5)
        np.testing.assert_allclose(weights[:, 1:], 0.01 / (rows - 1), atol=1e-5)
    cell = NTMCell(**SIZES, weights_initializer="zeros")
    cell = NTMCell.from_config(cell.get_config())
    cell.build((None, 3))
    *_, weights = cell.get_initial_state(batch_size=1)
    np.testing.assert_allclose(to_numpy(weights), 1 / 6, atol=1e-6)


def test_a_memory_of_one_number_is_read_and_written(inputs):
    # With one location there is no other to shift to.
    with pytest.raises(ValueError, match="`shift_range`"):
        NTMCell(5, memory_locations=1)
    layer = NTM(NTMCell(5, memory_locations=1, memory_width=1, addressing="content"))
    trace = {name: to_numpy(each) for name, each in layer.trace(inputs).items()}
    np.testing.assert_array_equal(trace["write_weights"], 1.0)
    before, erase, add = (
        trace["memory"][:, :-1, 0],
        trace["erase"][:, 1:, 0],
        trace["add"][:, 1:, 0],
    )
    np.testing.assert_allclose(trace["memory"][:, 1:, 0], before * (1 - erase) + add, atol=1e-6)


@pytest.mark.training
def test_clipped_gradients_of_long_sequences_have_a_finite_norm(generator):
    """Without a limit they grow by a tenth at every step, until their squares are infinite."""
    sequence = generator.normal(size=(1, 600, 2)).astype("float32")

    def norm(gradient_clip):
        # Large weights, so that a step depends much on the one before.
        large = keras.initializers.RandomNormal(stddev=6.0, seed=0)
        arguments = {"controller": "feedforward", "kernel_initializer": large}
        layer = keras.layers.RNN(NTMCell(8, 8, 4, gradient_clip=gradient_clip, **arguments))
        layer.build(sequence.shape)
        # TensorFlow is slow without a graph, and XLA cannot take gradients out of a loop.
        call = compiled(layer, layer, xla=False) if BACKEND == "tensorflow" else layer
        _, found = gradients(call, [sequence], layer.trainable_variables)
        return np.sqrt(sum(np.square(each).sum() for each in found))

    with np.errstate(over="ignore"):
        assert not np.isfinite(norm(None))
    assert 0.0 < norm(1e4) < 1e12


def test_a_number_as_a_cell_is_refused():
    for kind in (NTM, MemoryRNN):
        words = rf"`cell` must be .*{kind.__name__}\(NTMCell\(64\)\)\. Received: cell=64"
        with pytest.raises(ValueError, match=words):
            kind(64)
