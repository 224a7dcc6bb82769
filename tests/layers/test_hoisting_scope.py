"""Assignments and losses inside the scope `variables_read_once` reach the outer scope."""

import contextlib

import keras
import numpy as np
import pytest

from keras_attn import (
    NTM,
    AttentionDecoder,
    BahdanauAttention,
    DNCCell,
    DRAWRead,
    DRAWWrite,
    GridSampler,
    MANNCell,
    MemoryRNN,
    NTMCell,
)
from keras_attn.applications import DRAW
from keras_attn.layers.dropout import fast_dropout
from keras_attn.layers.variables_read_once import variables_read_once
from tests.backend import BACKEND, to_numpy


class Counting(keras.layers.Layer):
    """Layer whose loop counts steps, adds a loss and draws random numbers at each step."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.draws = keras.random.SeedGenerator(0)
        self.dense = keras.layers.Dense(4)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.count = self.add_weight((), initializer="zeros", trainable=False, name="count")

    def call(self, inputs):
        with variables_read_once(self):
            for _ in range(3):
                self.count.assign_add(1.0)
                self.add_loss(keras.ops.sum(self.dense.kernel))
                inputs = self.dense(inputs) + keras.random.normal((4,), seed=self.draws)
        return inputs


def counting_layer():
    layer, inputs = Counting(), keras.ops.ones((2, 4))
    layer.build((2, 4))
    layer.count.assign(0.0)
    return layer, inputs


def test_assignments_and_losses_reach_the_layer():
    layer, inputs = counting_layer()
    first, second = (to_numpy(layer(inputs)) for _ in range(2))
    assert float(layer.count) == 6.0
    assert (first != second).any()
    total = float(keras.ops.sum(layer.dense.kernel))
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [total] * 3, rtol=1e-5)


def test_assignments_and_losses_reach_an_outer_scope():
    layer, inputs = counting_layer()
    trainable = [2.0 * each.value for each in layer.trainable_variables]
    fixed = [keras.ops.copy(each.value) for each in layer.non_trainable_variables]
    _, after, losses = layer.stateless_call(trainable, fixed, inputs, return_losses=True)
    names = [each.path.split("/")[-1] for each in layer.non_trainable_variables]
    after, before = (dict(zip(names, map(to_numpy, each), strict=True)) for each in (after, fixed))
    assert float(after["count"]) == 3.0
    assert (after["seed_generator_state"] != before["seed_generator_state"]).any()
    assert float(layer.count) == 0.0
    total = 2.0 * float(keras.ops.sum(layer.dense.kernel))
    np.testing.assert_allclose([float(loss) for loss in losses], [total] * 3, rtol=1e-5)


class Penalized(keras.layers.Layer):
    """Layer that calls a sublayer with an activity regularizer inside the scope."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4, activity_regularizer="l1")

    def call(self, inputs):
        with variables_read_once(self):
            return self.dense(inputs)


def test_a_loss_of_a_sublayer_counts_once():
    layer, inputs = Penalized(), keras.ops.ones((2, 4))
    layer(inputs)
    (expected,) = map(float, layer.losses)
    trainable = [each.value for each in layer.trainable_variables]
    *_, losses = layer.stateless_call(trainable, [], inputs, return_losses=True)
    np.testing.assert_allclose([float(loss) for loss in losses], [expected], rtol=1e-5)


LAYERS = {
    "decoder": lambda: AttentionDecoder(keras.layers.LSTMCell(3), BahdanauAttention(3)),
    "ntm": lambda: NTM(NTMCell(3, 4, 2)),
    "dnc": lambda: MemoryRNN(DNCCell(3, 4, 2)),
    "mann": lambda: MemoryRNN(MANNCell(3, 4, 2, 1)),
    "draw": lambda: DRAWRead(2, data_format="channels_last"),
    "draw writes": lambda: DRAWWrite(2, (4, 4, 1), data_format="channels_last"),
    "sampler": lambda: GridSampler(data_format="channels_last"),
}
SHAPES = {
    "decoder": [(4, 3, 2), (4, 5, 2)],
    "draw": [(4, 4, 4, 1), (4, 3)],
    "draw writes": [(4, 3)],
    "sampler": [(4, 5, 5, 1), (4, 3, 3, 2)],
}


@pytest.mark.skipif(BACKEND != "torch", reason="torch.func")
@pytest.mark.parametrize("name", LAYERS)
def test_per_example_gradients(name):
    import torch

    layer = LAYERS[name]()
    inputs = [torch.randn(shape) for shape in SHAPES.get(name, [(4, 3, 2)])]
    packed = inputs if len(inputs) > 1 else inputs[0]
    layer(packed)
    parameters = [each.value for each in layer.trainable_variables]
    fixed = [each.value for each in layer.non_trainable_variables]

    def loss(values, inputs):
        inputs = [each[None] for each in inputs]
        given = inputs if len(inputs) > 1 else inputs[0]
        outputs, _ = layer.stateless_call(values[1:], fixed, given)
        return outputs.square().sum() * values[0]

    values = [torch.ones(()), *(each.detach() for each in parameters)]
    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(values, inputs)
    for number in range(4):
        leaves = [each.requires_grad_() for each in map(torch.clone, values)]
        expected = torch.autograd.grad(loss(leaves, [each[number] for each in inputs]), leaves)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(to_numpy(one[number]), to_numpy(other), atol=1e-4)


def training_is_dropped():
    """True if Keras calls rematerialized layers without `training`, as on JAX or in Keras 3.12."""
    with keras.RematScope(mode="full"):
        layer = keras.layers.Dropout(0.5, seed=1)
    return np.all(to_numpy(layer(np.ones((1, 100)), training=True)) == 1.0)


@pytest.mark.skipif(BACKEND != "torch", reason="rematerialized layers of Keras take no `training`")
@pytest.mark.parametrize("name", ["dropout", "draw"])
def test_rematerialized_layers_draw_the_same_random_numbers(name):
    if training_is_dropped():
        pytest.skip("Keras calls rematerialized layers without `training`")
    images = np.random.default_rng(0).integers(0, 2, (4, 8, 8, 1)).astype("float32")
    found = []
    for scope in (keras.RematScope(mode="full"), contextlib.nullcontext()):
        keras.utils.set_random_seed(0)
        with scope:
            if name == "draw":
                sizes = {"steps": 2, "units": 8, "latent_units": 3, "seed": 1}
                model = DRAW((8, 8, 1), data_format="channels_last", **sizes)
            else:
                layers = [fast_dropout(0.5, seed=1), keras.layers.Conv2D(1, 3, padding="same")]
        if name == "dropout":
            model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
        model.compile(keras.optimizers.SGD(0.1), None if name == "draw" else "mse")
        targets = None if name == "draw" else images
        found.append(model.fit(images, targets, epochs=3, batch_size=4, verbose=0).history["loss"])
    np.testing.assert_allclose(*found, rtol=1e-5)
