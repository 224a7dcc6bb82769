"""A machine set by hand, masks, states that are carried on, the trace, and controllers."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import NTM, NTMCell
from tests.backend import to_numpy
from tests.conformance.case import randomise

SIZES = {"units": 5, "memory_locations": 6, "memory_width": 4}


def machine(features=3, batch=None, **options):
    layer = NTM(NTMCell(**SIZES), return_sequences=True, **options)
    layer.build((batch, None, features))
    randomise(layer)
    # Rows that differ.
    rows = np.random.default_rng(1).uniform(-1.0, 1.0, (6, 4)).astype("float32")
    layer.cell.first_memory.assign(rows)
    return layer


@pytest.fixture
def inputs(generator):
    return generator.normal(size=(2, 6, 3)).astype("float32")


def copy_machine(locations, width):
    """A machine that writes where it is told to write and reads where it is told to read.

    The input is a row of bits, a sign to write and a sign to read. The controller hands it on as it
    is; one location further at each sign, the one head writes what the other reads later.
    """
    features = width + 2
    hand_on = keras.layers.Dense(features, use_bias=False, name="hand_on")
    cell = NTMCell(features, locations, width, controller=hand_on)
    layer = NTM(cell, return_sequences=True)
    layer.build((None, None, features))
    hand_on.kernel.assign(np.eye(features + width, features))
    cell.first_memory.assign(np.zeros((locations, width)))
    cell.first_weights.assign(np.where(np.arange(locations) == 0, 50.0, 0.0)[None].repeat(2, 0))
    write, read = width, width + 1
    kernel, bias = {}, {}
    for name, (count, size) in cell.parts.items():
        kernel[name], bias[name] = np.zeros((features, count, size)), np.zeros((count, size))
    bias["gate"][:] = -20.0
    bias["sharpening"][:] = 20.0
    # The first head reads, the second writes: each stays, or moves up at its sign.
    for head, sign in ((0, read), (1, write)):
        bias["shift"][head] = [0.0, 20.0, 0.0]
        kernel["shift"][sign, head] = [0.0, -20.0, 20.0]
    bias["erase"][:] = -20.0
    kernel["erase"][write] = 40.0
    for bit in range(width):
        kernel["add"][bit, 0, bit] = 20.0
    flat = [(kernel[name].reshape(features, -1), bias[name].reshape(-1)) for name in cell.parts]
    cell.heads.kernel.assign(np.concatenate([each for each, _ in flat], axis=1))
    cell.heads.bias.assign(np.concatenate([each for _, each in flat]))
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
    # What is shown again is what was written, one location after the other.
    trace = {name: to_numpy(each) for name, each in layer.trace(sequence).items()}
    places = np.argmax(trace["write_weights"][0, :length, 0], axis=-1)
    assert places.tolist() == [(step + 1) % 8 for step in range(length)]
    np.testing.assert_array_equal(places, np.argmax(trace["read_weights"][0, length:, 0], axis=-1))


@pytest.mark.parametrize("batch", [2, 6])  # also as many as there are locations
def test_masked_steps_leave_the_machine_as_it_is(generator, batch):
    layer = machine(return_state=True)
    inputs = generator.normal(size=(batch, 5, 3)).astype("float32")
    lengths = np.arange(batch) % 5 + 1
    mask = np.arange(5) < lengths[:, None]
    found = [to_numpy(each) for each in layer(inputs, mask=ops.convert_to_tensor(mask))]
    for row, length in enumerate(lengths):
        alone = layer(inputs[row : row + 1, :length])
        np.testing.assert_allclose(found[0][row, :length], to_numpy(alone[0])[0], atol=1e-5)
        for state, expected in zip(found[1:], alone[1:], strict=True):
            np.testing.assert_allclose(state[row], to_numpy(expected)[0], atol=1e-5)


def test_two_halves_are_the_whole_and_a_reset_begins_anew(inputs):
    whole = to_numpy(machine()(inputs))
    layer = machine(batch=2, stateful=True)
    layer.reset_state()  # to weights that were set after it was built
    halves = [to_numpy(layer(inputs[:, part])) for part in (slice(0, 3), slice(3, 6))]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, atol=1e-5)
    layer.reset_state()
    np.testing.assert_allclose(to_numpy(layer(inputs[:, :3])), halves[0], atol=1e-5)


def test_the_trace_is_what_the_heads_did(inputs):
    layer = machine()
    cell = layer.cell
    trace = {name: to_numpy(each) for name, each in layer.trace(inputs).items()}
    np.testing.assert_allclose(trace["output"], to_numpy(layer(inputs)), atol=1e-5)
    before = np.tile(to_numpy(cell.first_memory), (2, 1, 1)).astype("float64")
    for step in range(inputs.shape[1]):
        read, write = trace["read_weights"][:, step], trace["write_weights"][:, step]
        np.testing.assert_allclose(read.sum(axis=-1), 1.0, atol=1e-5)
        np.testing.assert_allclose(trace["reads"][:, step], read @ before, atol=1e-5)
        kept = 1.0 - write[:, 0, :, None] * trace["erase"][:, step]
        before = before * kept + write[:, 0, :, None] * trace["add"][:, step]
        np.testing.assert_allclose(trace["memory"][:, step], before, atol=1e-5)


def test_backwards_and_in_both_directions(inputs):
    layer, back = machine(), machine(go_backwards=True)
    found = to_numpy(back(inputs))
    np.testing.assert_allclose(found, to_numpy(layer(inputs[:, ::-1].copy())), atol=1e-5)
    both = keras.layers.Bidirectional(machine())
    assert tuple(both(inputs).shape) == (2, 6, 18)


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
def test_controllers_of_ones_own_are_saved(controller, inputs):
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
