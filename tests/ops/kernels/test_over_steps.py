"""Loops over steps by kernels, beside the plain loop."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.ops.alignment_scores import additive_scores
from keras_attn.ops.recurrence import over_steps, plain_over_steps
from tests.backend import BACKEND, gradients, to_numpy

pytestmark = pytest.mark.training


def running(step, state):
    """A sum with decay, beside the number of steps."""
    (first, second), (total, count) = step, state
    total = 0.5 * total + ops.tanh(first) * second
    return [total, ops.sum(total, axis=-1)], [total, count + 1.0]


def looped(loop, *arrays):
    outputs, state = loop(running, arrays[:2], arrays[2:])
    return [*outputs, *state]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_equals_the_plain_loop(generator, steps):
    shapes = [(3, steps, 4), (3, steps, 4), (3, 4), (3, 1)]
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes]
    found = looped(over_steps, *map(ops.convert_to_tensor, arrays))
    plain = looped(plain_over_steps, *map(ops.convert_to_tensor, arrays))
    for ours, expected in zip(found, plain, strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(expected), atol=1e-6)
    found, _ = gradients(lambda *tensors: looped(over_steps, *tensors), arrays)
    plain, _ = gradients(lambda *tensors: looped(plain_over_steps, *tensors), arrays)
    for ours, expected in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_no_step_leaves_the_state(generator):
    state = generator.normal(size=(3, 4)).astype("float32")
    empty = np.zeros((3, 0, 4), "float32")
    arrays = map(ops.convert_to_tensor, [empty, empty, state, np.zeros((3, 1), "float32")])
    outputs = [to_numpy(output) for output in looped(over_steps, *arrays)]
    assert [output.shape for output in outputs] == [(3, 0, 4), (3, 0), (3, 4), (3, 1)]
    np.testing.assert_array_equal(outputs[2], state)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others know their sizes")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradient_in_a_graph_of_free_sizes(generator, jit_compile):
    import tensorflow as tf

    free = [
        tf.TensorSpec(shape) for shape in ([None, None, 4], [None, None, 4], [None, 4], [None, 1])
    ]

    @tf.function(input_signature=free, jit_compile=jit_compile)
    def slope(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = tf.reduce_sum(looped(over_steps, *tensors)[0])
        return tape.gradient(value, tensors)[0]

    for steps in (2, 4):
        shapes = [(3, steps, 4), (3, steps, 4), (3, 4), (3, 1)]
        arrays = [tf.constant(generator.normal(size=shape).astype("float32")) for shape in shapes]
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            value = tf.reduce_sum(looped(plain_over_steps, *arrays)[0])
        expected = tape.gradient(value, arrays)[0]
        np.testing.assert_allclose(slope(*arrays), expected, atol=1e-5)


def test_a_model_of_free_length_trains(generator):
    class Running(keras.layers.Layer):
        def call(self, inputs):
            zeros = ops.zeros_like(inputs[:, 0])
            outputs, _ = over_steps(running, [inputs, inputs], [zeros, zeros[:, :1]])
            return outputs[0]

        def compute_output_shape(self, input_shape):
            return input_shape

    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, Running()(keras.layers.Dense(4)(inputs)))
    model.compile("sgd", "mse")
    for steps in (3, 5):
        x = generator.normal(size=(6, steps, 4)).astype("float32")
        losses = [model.fit(x, x, verbose=0).history["loss"][0] for _ in range(3)]
        assert losses[-1] < losses[0]


@pytest.mark.skipif(BACKEND != "jax", reason="JAX keeps all that a gradient needs")
def test_a_step_keeps_products_and_scores_alone(generator):
    import jax

    keys, values, kernel, scale = (
        generator.normal(size=shape).astype("float32")
        for shape in ((3, 7, 6), (3, 7, 4), (4, 6), (6,))
    )

    def step(_, state):
        query = ops.tanh(ops.sin(state[0]) @ kernel)
        scores = additive_scores(query[:, None], keys, scale)
        weights = ops.softmax(ops.tanh(scores))
        return [], [ops.tanh((weights @ values)[:, 0])]

    def loss(state):
        _, state = over_steps(step, [ops.zeros((3, 5, 1))], [state])
        return ops.sum(state[0])

    start = ops.convert_to_tensor(generator.normal(size=(3, 4)).astype("float32"))
    jaxpr = jax.make_jaxpr(jax.grad(loss))(start)
    forward = next(each for each in jaxpr.eqns if each.primitive.name == "scan")
    kept = forward.outvars[forward.params["num_carry"] :]
    # The state, the product and the scores.
    assert sorted(each.aval.shape for each in kept) == [(5, 3, 1, 7), (5, 3, 4), (5, 3, 6)]
