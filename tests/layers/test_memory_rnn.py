"""Masks, states and traces of layers around memory cells."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import DNCCell, MANNCell, MemoryRNN, NTMCell
from tests.backend import to_numpy
from tests.conformance.case import randomise, weights_by_path
from tests.oracles.dynamic_memory import (
    differentiable_neural_computer,
    least_recently_used_access,
)
from tests.oracles.memory import by_symbol, neural_turing_machine

CELLS = pytest.mark.parametrize("cell", [NTMCell, DNCCell, MANNCell])


def machine(cell, batch=None, **options):
    options = {"return_sequences": True, **options}
    layer = MemoryRNN(cell(5, memory_locations=6, memory_width=4, num_read_heads=2), **options)
    layer.build((batch, None, 3))
    return randomise(layer)


@pytest.fixture
def inputs(generator):
    return generator.normal(size=(2, 6, 3)).astype("float32")


@CELLS
@pytest.mark.parametrize("batch", [2, 6])  # also as many as there are locations
def test_masked_steps_leave_the_states(generator, cell, batch):
    layer = machine(cell, return_state=True)
    inputs = generator.normal(size=(batch, 5, 3)).astype("float32")
    lengths = np.where(np.arange(batch) % 2 == 0, 3, 5)
    mask = np.arange(5) < lengths[:, None]
    found = [to_numpy(each) for each in layer(inputs, mask=ops.convert_to_tensor(mask))]
    for length in (3, 5):
        rows = lengths == length
        alone = [to_numpy(each) for each in layer(inputs[rows, :length])]
        np.testing.assert_allclose(found[0][rows, :length], alone[0], atol=1e-5)
        for state, expected in zip(found[1:], alone[1:], strict=True):
            np.testing.assert_allclose(state[rows], expected, atol=1e-5)


@CELLS
def test_stateful_calls_continue_until_a_reset(inputs, cell):
    whole = to_numpy(machine(cell)(inputs))
    layer = machine(cell, batch=2, stateful=True)
    layer.reset_state()  # to weights that were set after it was built
    halves = [to_numpy(layer(inputs[:, part])) for part in (slice(0, 3), slice(3, 6))]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, atol=1e-5)
    layer.reset_state()
    np.testing.assert_allclose(to_numpy(layer(inputs[:, :3])), halves[0], atol=1e-5)


@CELLS
def test_unrolled_backwards_and_in_both_directions(inputs, cell):
    layer = machine(cell)
    forward = to_numpy(layer(inputs))
    expected = to_numpy(layer(inputs[:, ::-1].copy()))
    found = to_numpy(machine(cell, go_backwards=True, unroll=True)(inputs))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    both = keras.layers.Bidirectional(machine(cell))
    both.build(inputs.shape)
    both.set_weights(2 * layer.get_weights())
    expected = np.concatenate([forward, expected[:, ::-1]], axis=-1)
    np.testing.assert_allclose(to_numpy(both(inputs)), expected, atol=1e-5)


# Class of a cell → its oracle, for two heads that read.
ORACLES = {
    NTMCell: functools.partial(neural_turing_machine, num_read_heads=2),
    DNCCell: functools.partial(differentiable_neural_computer, heads=2),
    MANNCell: functools.partial(least_recently_used_access, heads=2, decay=0.99),
}
# Entries of a trace that a masked step keeps.
KEPT = {"memory", "read_weights", "write_weights", "usage", "precedence", "links"}


@CELLS
@pytest.mark.parametrize("backwards", [False, True])
def test_the_trace_is_that_of_the_papers(inputs, cell, backwards):
    layer = machine(cell, go_backwards=backwards)
    mask = np.arange(inputs.shape[1]) != 4
    found = layer.trace(inputs, mask=np.tile(mask, (2, 1)))
    order = slice(None, None, -1) if backwards else slice(None)
    sequences, (masked,) = inputs[:, order][:, mask[order]], np.flatnonzero(~mask[order])
    expected = ORACLES[cell](by_symbol(weights_by_path(layer)), sequences)
    assert set(found) == set(expected)
    for name, each in expected.items():
        here = each[:, masked - 1] if name in KEPT else 0.0 * each[:, 0]
        each = np.insert(each, masked, here, axis=1)
        np.testing.assert_allclose(to_numpy(found[name]), each, atol=1e-5, err_msg=name)


@CELLS
def test_the_trace_of_masked_steps_is_that_before_them_or_zero(generator, cell):
    layer = machine(cell)
    inputs = generator.normal(size=(2, 6, 3)).astype("float32")
    mask = np.array([[1, 0, 1, 1, 0, 0], [1, 1, 0, 1, 1, 0]], "bool")
    found = layer.trace(inputs, mask=mask)
    shown = [*layer.cell.memory_shapes, "read_weights", "write_weights"]
    for row, runs in enumerate(mask):
        alone = layer.trace(inputs[row : row + 1, runs])
        for name in alone:
            output, wanted = to_numpy(found[name])[row], to_numpy(alone[name])[0]
            np.testing.assert_allclose(output[runs], wanted, atol=1e-5)
            for step in np.flatnonzero(~runs):
                expected = output[step - 1] if name in shown else np.zeros_like(output[step])
                np.testing.assert_array_equal(output[step], expected)


@CELLS
def test_a_trace_goes_on_from_a_state(inputs, cell):
    layer = machine(cell, return_state=True)
    _, *state = layer(inputs[:, :2])
    found = layer.trace(inputs[:, 2:], initial_state=state)
    expected = ORACLES[cell](by_symbol(weights_by_path(layer)), inputs)
    for name, each in found.items():
        np.testing.assert_allclose(to_numpy(each), expected[name][:, 2:], atol=1e-5, err_msg=name)


@pytest.mark.training
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ["lstm", "dense"])
def test_a_controller_may_have_a_policy_of_its_own(inputs, policy, kind):
    def made(policy):
        own = keras.layers.LSTMCell(5) if kind == "lstm" else keras.layers.Dense(5)
        cell = NTMCell(5, 6, 4, controller=own, dtype=policy)
        layer = MemoryRNN(cell, return_sequences=True, dtype=policy)
        layer.build(inputs.shape)
        return randomise(layer)

    exact, layer = to_numpy(made("float32")(inputs)), made(policy)
    found = layer(inputs)
    assert keras.backend.standardize_dtype(found.dtype) == layer.compute_dtype
    tolerance = 0.01 if policy == "mixed_float16" else 0.05
    state = [ops.cast(each, "float32") for each in layer.get_initial_state(2)]
    for outputs in (found, layer.trace(inputs, state)["output"]):
        np.testing.assert_allclose(to_numpy(outputs).astype("float32"), exact, atol=tolerance)


def test_dropout_anywhere_in_a_controller_is_refused():
    cells = [keras.layers.LSTMCell(5, dropout=0.5), keras.layers.LSTMCell(5)]
    network = keras.Sequential([keras.layers.Dense(5), keras.layers.Dropout(0.5)])
    for controller in (keras.layers.StackedRNNCells(cells), network):
        with pytest.raises(ValueError, match="`controller` must have no dropout"):
            NTMCell(5, 6, 4, controller=controller)


def test_activations_of_a_subclass_are_used(inputs):
    class Loud(NTMCell):
        activations = {**NTMCell.activations, "add": lambda numbers: 0.0 * numbers + 100.0}

    layer = MemoryRNN(Loud(5, memory_locations=6, memory_width=4), return_state=True)
    memory = to_numpy(layer(inputs)[-2])
    assert memory.max() > 50.0
    np.testing.assert_allclose(
        memory, to_numpy(layer.trace(inputs)["memory"])[:, -1].reshape(2, -1)
    )


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="PyTorch sorts dictionaries")
@CELLS
def test_an_export_leaves_the_layer_unchanged(inputs, cell):
    """The export flattens attributes and restores dictionaries in the order of their names."""
    import torch

    layer = machine(cell)
    before = to_numpy(layer(inputs))
    torch.export.export(layer, (torch.tensor(inputs),), strict=False)
    np.testing.assert_array_equal(to_numpy(layer(inputs)), before)


def stateful_and_plain():
    """Returns a stateful model, and a stateless model with random weights."""
    machines = []
    for stateful in (True, False):
        inputs = keras.Input(batch_shape=(2, None, 3))
        layer = MemoryRNN(NTMCell(5, 6, 4), return_sequences=True, stateful=stateful)
        machines.append(keras.Model(inputs, layer(inputs)))
    generator = np.random.default_rng(1)
    weights = [generator.normal(0, 0.5, each.shape) for each in machines[1].get_weights()]
    machines[1].set_weights(weights)
    return machines


@pytest.mark.parametrize("way", ["set_weights", "load_weights", "load_model"])
def test_a_stateful_layer_starts_from_the_loaded_initial_state(way, tmp_path):
    stateful, plain = stateful_and_plain()
    x = np.random.default_rng(0).random((2, 6, 3)).astype("float32")
    if way == "set_weights":
        stateful.set_weights(plain.get_weights())
    else:
        stateful(x)  # start a sequence before loading
        plain.save_weights(tmp_path / "m.weights.h5")
        stateful.load_weights(tmp_path / "m.weights.h5")
    if way == "load_model":
        stateful.save(tmp_path / "m.keras")
        stateful = keras.saving.load_model(tmp_path / "m.keras")
    expected = to_numpy(plain(x))
    pieces = [to_numpy(stateful(piece)) for piece in (x[:, :2], x[:, 2:])]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected, atol=1e-6)
    stateful.layers[-1].reset_state()
    np.testing.assert_allclose(to_numpy(stateful(x)), expected, atol=1e-6)
