"""Initial memories, given states, overridden methods and controllers of memory cells."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, DNCCell, MANNCell, MemoryRNN, NTMCell
from tests.backend import on_one_backend, to_numpy
from tests.conformance.case import randomise

SIZES = {"memory_locations": 6, "memory_width": 4}
INPUTS = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
CELLS = pytest.mark.parametrize("cell", [NTMCell, DNCCell, MANNCell])


@pytest.mark.parametrize(("cell", "value"), [(NTMCell, 1e-6), (DNCCell, 0.0), (MANNCell, 1e-6)])
def test_the_first_memory_is_nearly_empty_and_fixed_by_default(cell, value):
    made = cell(5, num_read_heads=2, **SIZES)
    made.build((None, 3))
    np.testing.assert_allclose(to_numpy(made.first_memory), np.full((6, 4), value), rtol=1e-6)
    assert any(weight is made.first_memory for weight in made.non_trainable_weights)
    output, *states = made.get_initial_state(batch_size=3)
    assert [tuple(each.shape) for each in (output, *states)] == [
        (3, size) for size in made.state_size
    ]
    # Nothing of the controller, and what the heads read of equal rows.
    reads = to_numpy(output)[:, 5:]
    assert np.all(to_numpy(output)[:, :5] == 0.0)
    np.testing.assert_allclose(reads, value if cell is NTMCell else 0.0, rtol=1e-5)


@CELLS
def test_a_stateful_layer_goes_on_from_a_given_state(cell):
    made = [
        MemoryRNN(cell(5, num_read_heads=2, **SIZES), return_sequences=True, **options)
        for options in ({"stateful": True}, {"return_state": True})
    ]
    stateful, plain = made
    stateful.build((2, 5, 3))
    plain.build((2, 5, 3))
    plain.set_weights(randomise(stateful).get_weights())
    _, *state = plain(INPUTS)
    expected, *after = plain(INPUTS, initial_state=state)
    found = to_numpy(stateful(INPUTS, initial_state=state))
    np.testing.assert_allclose(found, to_numpy(expected), atol=1e-5)
    # The next call goes on from there, and not from the initial state.
    found = to_numpy(stateful(INPUTS))
    np.testing.assert_allclose(found, to_numpy(plain(INPUTS, initial_state=after)[0]), atol=1e-5)
    # A trace starts from the initial state.
    trace = to_numpy(stateful.trace(INPUTS)["output"])
    np.testing.assert_allclose(trace, to_numpy(plain(INPUTS)[0]), atol=1e-5)


@CELLS
def test_masks_of_a_trace_may_be_numbers(cell):
    layer = MemoryRNN(cell(5, num_read_heads=2, **SIZES))
    mask = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 0, 1]])
    found, expected = (layer.trace(INPUTS, mask=mask.astype(dtype)) for dtype in ("int32", "bool"))
    for name, each in expected.items():
        np.testing.assert_array_equal(to_numpy(found[name]), to_numpy(each))
    as_list = layer.trace(INPUTS, mask=mask.tolist())
    np.testing.assert_array_equal(to_numpy(as_list["output"]), to_numpy(expected["output"]))


@CELLS
def test_weights_that_are_set_restart_the_sequence_of_a_layer(cell):
    def made(**options):
        layer = MemoryRNN(cell(5, num_read_heads=2, **SIZES), return_sequences=True, **options)
        layer.build((2, 5, 3))
        return layer

    stateful, plain = made(stateful=True), randomise(made())
    made().reset_state()  # without states there is nothing to reset
    stateful(INPUTS)
    stateful.set_weights(plain.get_weights())
    np.testing.assert_allclose(to_numpy(stateful(INPUTS)), to_numpy(plain(INPUTS)), atol=1e-5)


@CELLS
def test_traces_take_numbers_of_any_type(cell):
    layer = MemoryRNN(cell(5, num_read_heads=2, **SIZES))
    bits = np.random.default_rng(1).integers(0, 2, (2, 5, 3))
    expected = layer.trace(bits.astype("float32"))
    for given in (bits.astype("int32"), bits.astype("float64"), bits.tolist()):
        for name, each in layer.trace(given).items():
            np.testing.assert_allclose(to_numpy(each), to_numpy(expected[name]), atol=1e-6)


@CELLS
def test_a_sequence_of_no_steps_leaves_the_initial_state(cell):
    layer = MemoryRNN(cell(5, num_read_heads=2, **SIZES), return_sequences=True, return_state=True)
    layer.build((2, 5, 3))
    outputs, *states = randomise(layer)(INPUTS[:, :0])
    assert tuple(outputs.shape) == (2, 0, 5 + 2 * 4)
    for one, other in zip(states, layer.get_initial_state(2), strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


class Standing(NTMCell):
    """Machine whose heads stay where they are."""

    def address(self, told, memory, weights):
        return weights


class Silent(NTMCell):
    """Machine that adds nothing and erases nothing."""

    def from_numbers(self, numbers):
        told = super().from_numbers(numbers)
        return {**told, "add": 0.0 * told["add"], "erase": 0.0 * told["erase"]}


@pytest.mark.parametrize(
    ("kind", "name", "place"), [(Standing, "write_weights", -1), (Silent, "memory", -2)]
)
def test_overridden_methods_are_called(kind, name, place):
    layer = NTM(kind(5, **SIZES, memory_initializer="random_normal"), return_state=True)
    layer.build(INPUTS.shape)
    randomise(layer)
    expected = to_numpy(layer.get_initial_state(2)[place])
    np.testing.assert_allclose(to_numpy(layer(INPUTS)[place]), expected, atol=1e-6)
    trace = to_numpy(layer.trace(INPUTS)[name])
    expected = expected[:, -trace[0, 0].size :].reshape(2, 1, *trace.shape[2:])
    np.testing.assert_allclose(trace, np.repeat(expected, 5, axis=1), atol=1e-6)


@on_one_backend
@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.GaussianNoise(0.1),
        keras.layers.GaussianDropout(0.1),
        keras.layers.SpatialDropout1D(0.1),
        keras.layers.Dropout(0.1),
    ],
    ids=lambda layer: type(layer).__name__,
)
@CELLS
def test_layers_that_draw_are_refused_in_a_controller(layer, cell):
    network = keras.Sequential([keras.layers.Dense(5), layer, keras.layers.Dense(5)])
    with pytest.raises(ValueError, match="`controller` must have no dropout"):
        cell(5, num_read_heads=2, **SIZES, controller=network)


@on_one_backend
def test_a_controller_may_have_layers_that_draw_nothing():
    network = keras.Sequential([keras.layers.Dropout(0.0), keras.layers.Dense(5)])
    assert NTMCell(5, **SIZES, controller=network).controller.cell is network


@CELLS
@pytest.mark.parametrize("controller", ["lstm", "gru", "feedforward"])
def test_names_of_controllers(cell, controller):
    made = cell(5, num_read_heads=2, **SIZES, controller=controller)
    kinds = {
        "lstm": keras.layers.LSTMCell,
        "gru": keras.layers.GRUCell,
        "feedforward": keras.layers.Dense,
    }
    assert type(made.controller.cell) is kinds[controller]
    assert made.get_config()["controller"] == controller
    states = {"lstm": [5, 5], "gru": [5], "feedforward": []}[controller]
    assert made.controller.state_size == states
    assert made.state_size[: 1 + len(states)] == [5 + 2 * 4, *states]


@CELLS
def test_a_trace_of_no_steps_is_empty(cell):
    layer = MemoryRNN(cell(5, num_read_heads=2, **SIZES), return_sequences=True)
    some, none = layer.trace(INPUTS), layer.trace(INPUTS[:, :0])
    assert {name: (2, 0, *each.shape[2:]) for name, each in some.items()} == {
        name: tuple(each.shape) for name, each in none.items()
    }
