"""Steps by the kernel of a backend equal those of the cells of Keras."""

import keras
import numpy as np
import pytest

from keras_attn.layers.cell_step import cell_step, lstm_steps, plain_lstm_step
from tests.backend import gradients, to_numpy
from tests.oracles import recurrent as oracle


class Doubled(keras.layers.LSTMCell):
    """LSTM cell with doubled states."""

    def call(self, inputs, states, training=False):
        _, states = super().call(inputs, states, training)
        return 2.0 * states[0], [2.0 * state for state in states]


CELLS = {
    "lstm": lambda: keras.layers.LSTMCell(5),
    "lstm in half precision": lambda: keras.layers.LSTMCell(5, dtype="mixed_float16"),
    "lstm without a bias": lambda: keras.layers.LSTMCell(5, use_bias=False),
    "lstm of another activation": lambda: keras.layers.LSTMCell(5, activation="relu"),
    "lstm of other gates": lambda: keras.layers.LSTMCell(5, recurrent_activation="hard_sigmoid"),
    "subclass of an lstm": lambda: Doubled(5),
    "gru": lambda: keras.layers.GRUCell(5),
}


def cell_and_inputs(name):
    generator = np.random.default_rng(0)
    cell = CELLS[name]()
    cell.build((3, 4))
    # Equal biases would hide gates in another order.
    cell.set_weights([generator.normal(size=weight.shape) for weight in cell.get_weights()])
    width = len(keras.tree.flatten(cell.state_size))
    inputs = generator.normal(size=(3, 4)).astype("float32")
    return cell, inputs, [generator.normal(size=(3, 5)).astype("float32") for _ in range(width)]


def assert_same(found, expected, dtype):
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    pairs = zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True)
    for ours, theirs in pairs:
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=tolerance)


@pytest.mark.parametrize("name", CELLS)
def test_equals_the_cell(name):
    cell, inputs, states = cell_and_inputs(name)
    tensors = [keras.ops.convert_to_tensor(each, cell.compute_dtype) for each in states]
    found, expected = cell_step(cell, inputs, tensors), cell(inputs, tensors)
    assert_same(found, expected, cell.compute_dtype)


@pytest.mark.training
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_gradients_are_those_of_the_cell(name):
    cell, inputs, states = cell_and_inputs(name)
    arrays = [inputs, *states]
    found, expected = (
        keras.tree.flatten(gradients(function, arrays, cell.trainable_variables))
        for function in (
            lambda x, *states: cell_step(cell, x, list(states)),
            lambda x, *states: cell(x, list(states)),
        )
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


KNOWN = [0, 1, 4]


def step_with_known_inputs(cell, known):
    """Returns a step that gets its first `known` inputs before the loop."""

    def step(inputs, *states):
        others = None if known == 4 else inputs[:, known:]
        return lstm_steps(cell, inputs[:, :known] if known else None)(others, list(states))

    return step


@pytest.mark.parametrize(
    "name",
    ["lstm", "lstm in half precision", "lstm of another activation", "subclass of an lstm"],
)
@pytest.mark.parametrize("known", KNOWN)
def test_inputs_known_beforehand_make_no_difference(name, known):
    cell, inputs, states = cell_and_inputs(name)
    inputs, *states = (
        keras.ops.convert_to_tensor(each, cell.compute_dtype) for each in (inputs, *states)
    )
    found, expected = step_with_known_inputs(cell, known)(inputs, *states), cell(inputs, states)[1]
    assert_same(found, expected, cell.compute_dtype)


@pytest.mark.training
@pytest.mark.parametrize("known", KNOWN)
def test_inputs_known_beforehand_have_their_gradients(known):
    cell, inputs, states = cell_and_inputs("lstm")
    arrays = [inputs, *states]
    found, expected = (
        keras.tree.flatten(gradients(function, arrays, cell.trainable_variables))
        for function in (
            step_with_known_inputs(cell, known),
            lambda x, *states: cell(x, list(states))[1],
        )
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_dropout_is_that_of_the_cell(options):
    cells = [keras.layers.LSTMCell(5, **options, seed=0) for _ in range(2)]
    for cell in cells:
        cell.build((3, 4))
    cells[1].set_weights(cells[0].get_weights())
    ones = np.ones((3, 4), "float32"), [np.ones((3, 5), "float32")] * 2
    found, expected = cell_step(cells[0], *ones, training=True), cells[1](*ones, training=True)
    assert_same(found, expected, "float32")
    assert not np.allclose(to_numpy(found[0]), to_numpy(cells[1](*ones)[0]))
    assert (to_numpy(found[0]) != to_numpy(cells[0](*ones)[0])).any()


@pytest.mark.training
@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_steps_take_and_give_the_dtype_of_their_owner(policy, known):
    exact, inputs, states = cell_and_inputs("lstm")
    cell = keras.layers.LSTMCell(5, dtype=policy)
    cell.build((3, 4))
    cell.set_weights(exact.get_weights())
    inputs, *states = map(keras.ops.convert_to_tensor, (inputs, *states))
    step = lstm_steps(cell, inputs[:, :known] if known else None, "float32")
    found = step(None if known == 4 else inputs[:, known:], states)
    assert [keras.backend.standardize_dtype(each.dtype) for each in found] == ["float32"] * 2
    tolerance = {"float32": 1e-5, "mixed_float16": 0.01, "mixed_bfloat16": 0.1}[policy]
    for ours, theirs in zip(found, exact(inputs, states)[1], strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=tolerance)


@pytest.mark.parametrize("with_inputs", [True, False])
@pytest.mark.parametrize("rows", [(), (3,)], ids=["one bias", "a bias for each example"])
def test_the_plain_step_is_that_of_the_equations(with_inputs, rows, generator):
    hidden, carry = generator.normal(size=(2, 3, 5)).astype("float32")
    inputs, kernel, recurrent_kernel = (
        generator.normal(size=size).astype("float32") for size in ((3, 4), (4, 20), (5, 20))
    )
    bias = generator.normal(size=(*rows, 20)).astype("float32")
    tensors = map(keras.ops.convert_to_tensor, (hidden, carry, kernel, recurrent_kernel, bias))
    hidden_, carry_, *weights = tensors
    given = keras.ops.convert_to_tensor(inputs) if with_inputs else None
    found = plain_lstm_step(given, [hidden_, carry_], *weights)
    biases = np.broadcast_to(bias, (3, 20))
    for row in range(3):
        x = inputs[row] if with_inputs else np.zeros(4)
        expected = oracle.lstm(x, hidden[row], carry[row], kernel, recurrent_kernel, biases[row])
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(to_numpy(ours)[row], theirs, atol=1e-5)
