"""Loops that read their variables once equal those of Keras, with the same gradients."""

import functools

import keras
import numpy as np
import pytest

from keras_attn.layers.cell_step import lstm_steps
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.recurrence import over_steps
from tests.backend import BACKEND, gradients, to_numpy

GRUCell = keras.layers.GRUCell
SEQUENCES = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
MASK = np.arange(5) < np.array([[5], [2], [0]])


def random_weights(layer):
    generator = np.random.default_rng(1)
    return [0.3 * generator.normal(size=weight.shape) for weight in layer.get_weights()]


def recurrent(name, *args, **kwargs):
    return with_hoisted_variables(getattr(keras.layers, name)(*args, **kwargs))


LAYERS = {
    "GRU": functools.partial(keras.layers.GRU, 6),
    "LSTM": functools.partial(keras.layers.LSTM, 6),
    "backwards": functools.partial(keras.layers.GRU, 6, go_backwards=True),
    "zeros": lambda **more: keras.layers.RNN(GRUCell(6), zero_output_for_mask=True, **more),
    "stack": lambda **more: keras.layers.RNN([GRUCell(6), keras.layers.LSTMCell(4)], **more),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("masked", [False, True])
def test_recurrent_layers_are_those_of_keras(name, masked):
    layers = [LAYERS[name](return_sequences=True, return_state=True) for _ in range(2)]
    layers[0] = with_hoisted_variables(layers[0])
    for each in layers:
        each.build(SEQUENCES.shape)
        each.set_weights(random_weights(each))
    mask = MASK if masked else None
    found, expected = (keras.tree.flatten(each(SEQUENCES, mask=mask)) for each in layers)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize(
    ("name", "options"), [("GRU", {}), ("GRU", {"reset_after": False}), ("LSTM", {})]
)
def test_gradients_are_those_of_keras(name, options):
    layers = [recurrent(name, 6, **options), getattr(keras.layers, name)(6, **options)]
    for layer in layers:
        layer.build(SEQUENCES.shape)
        layer.set_weights(random_weights(layer))
    found, expected = (
        keras.tree.flatten(gradients(layer, [SEQUENCES], layer.trainable_variables))
        for layer in layers
    )
    assert len(found) == 4  # of the inputs, two kernels and the bias
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.training
def test_dropout_is_drawn_anew_in_every_call():
    layer = recurrent("LSTM", 6, dropout=0.5, seed=0)
    first, second = (to_numpy(layer(SEQUENCES, training=True)) for _ in range(2))
    assert (first != second).any()


def test_a_stateful_layer_goes_on():
    layer = recurrent("GRU", 6, stateful=True)
    whole = to_numpy(layer(SEQUENCES))
    layer.reset_state()
    layer(SEQUENCES[:, :2])
    np.testing.assert_allclose(to_numpy(layer(SEQUENCES[:, 2:])), whole, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        functools.partial(recurrent, "GRU"),
        functools.partial(recurrent, "LSTM"),
        lambda units, **more: recurrent("RNN", GRUCell(units), **more),
    ],
    ids=["GRU", "LSTM", "RNN"],
)
@pytest.mark.parametrize("masked", [False, True])
def test_a_sequence_of_no_steps_leaves_the_state(make, masked):
    layer = make(6, return_sequences=True, return_state=True)
    _, *state = layer(SEQUENCES)
    arguments = {"initial_state": state, "mask": np.ones((3, 0), "bool") if masked else None}
    outputs, *after = layer(SEQUENCES[:, :0], **arguments)
    assert tuple(outputs.shape) == (3, 0, 6)
    for one, other in zip(state, after, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
    assert tuple(make(6)(SEQUENCES[:, :0]).shape) == (3, 6)


def test_layers_of_another_dtype_keep_theirs():
    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype="mixed_float16")
            self.inner = keras.layers.Dense(1, dtype="float32")

        def call(self, inputs):
            with variables_read_once(self):
                return self.inner(inputs)

    outer = Outer()
    outer(np.ones((1, 1)))
    outer.inner.kernel.assign([[1.0001]])
    # In half precision it is 1.
    np.testing.assert_allclose(to_numpy(outer(np.ones((1, 1)))), [[1.0001]], rtol=1e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="how TensorFlow comes by gradients")
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_loop_reads_no_variable(dtype):
    import tensorflow as tf

    layer = keras.layers.Dense(4, dtype=dtype)
    layer.build((3, 4))

    @tf.function(input_signature=[tf.TensorSpec((3, 5, 4), layer.compute_dtype)])
    def loop(inputs):
        with variables_read_once(layer):
            _, state = over_steps(lambda _, it: ([], [layer(it[0])]), [inputs], [inputs[:, 0]])
        return state

    graph = loop.get_concrete_function().graph
    (found,) = (each for each in graph.get_operations() if "While" in each.type)
    body = graph._get_function(found.get_attr("body").name).cached_definition
    operations = {node.op for node in body.node_def}
    assert "MatMul" in operations
    assert "ReadVariableOp" not in operations


def loops_of_products():
    """Returns a loop on PyTorch within the scope and outside of it, and its inputs and kernel."""
    import torch

    layer = keras.layers.Dense(4, activation="tanh")
    layer.build((3, 4))
    layer.kernel.assign(np.random.default_rng(0).normal(size=(4, 4)))
    inputs = torch.tensor(SEQUENCES[:, 0], requires_grad=True)

    def loop():
        found = inputs
        for _ in range(3):
            # A product, one by a part, and other uses of it.
            found = layer(found) + (found @ layer.kernel[:, :1]) * layer.kernel[0]
            found = found + layer.kernel[torch.tensor([0, 2, 2])]
        return found.square().sum()

    with variables_read_once(layer):
        late = loop()
    return late, loop(), [inputs, layer.kernel.value]


def loops_of_an_lstm(known):
    """Returns an LSTM on PyTorch within the scope and outside of it, and its inputs and weights."""
    import torch

    cell = keras.layers.LSTMCell(5)
    cell.build((3, 4))
    generator = np.random.default_rng(0)
    cell.set_weights([generator.normal(size=weight.shape) for weight in cell.get_weights()])
    sequences = torch.tensor(SEQUENCES, requires_grad=True)

    def loop():
        step = lstm_steps(cell, sequences[:, 0, :known] if known else None)
        state = [sequences[:, 0, :1].repeat(1, 5)] * 2
        for each in sequences.unbind(dim=1):
            state = step(each[:, known:] if known < 4 else None, state)
        return (state[0] * state[1]).sum()

    with variables_read_once(cell):
        late = loop()
    return late, loop(), [sequences, *(each.value for each in cell.trainable_variables)]


LOOPS = {
    "products": loops_of_products,
    **{f"LSTM, {n} known inputs": functools.partial(loops_of_an_lstm, n) for n in (0, 3, 4)},
}


@pytest.mark.skipif(BACKEND != "torch", reason="how PyTorch comes by gradients")
@pytest.mark.parametrize("name", LOOPS)
def test_backward_passes_through_the_same_graph_do_not_add_up(name):
    import torch

    late, plain, arguments = LOOPS[name]()
    np.testing.assert_allclose(to_numpy(late), to_numpy(plain), rtol=1e-5)
    # The first pass leaves out the variables, whose gradients stay recorded.
    torch.autograd.grad(late, arguments[0], retain_graph=True)
    for wanted in (arguments, arguments[-1:], arguments):
        found = torch.autograd.grad(late, wanted, retain_graph=True)
        expected = torch.autograd.grad(plain, wanted, retain_graph=True)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(BACKEND != "torch", reason="how PyTorch comes by gradients")
@pytest.mark.parametrize("name", list(LOOPS)[:3])
def test_loops_have_second_derivatives(name):
    import torch

    found = []
    late, plain, arguments = LOOPS[name]()
    for loss in (late, plain):
        first = torch.autograd.grad(loss, arguments, create_graph=True)
        total = sum(each.square().sum() for each in first)
        found.append(torch.autograd.grad(total, arguments))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), rtol=1e-4, atol=1e-6)
