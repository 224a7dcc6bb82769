"""Compiled steps of loops equal steps that are not compiled."""

import shutil

import keras
import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn import NTM, AttentionDecoder, BahdanauAttention, NTMCell
from keras_attn.applications import NeuralTuringMachine
from keras_attn.datasets import CopyTask
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops import additive_scores
from keras_attn.ops.compiled_steps import compiled_step
from keras_attn.ops.recurrence import over_steps
from tests.backend import BACKEND, gradients, outputs_and_gradients, to_numpy
from tests.conformance.case import randomise

pytestmark = pytest.mark.training
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="other backends compile the loop")

GRU = keras.layers.GRUCell
SEQUENCES = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
MASK = np.arange(4) < np.array([[4], [2], [0]])
SIZES = {"units": 6, "memory_locations": 5, "memory_width": 4}


def rnn(cell, **kwargs):
    return with_hoisted_variables(keras.layers.RNN(cell, **kwargs))


CALLS = {
    "machine": (lambda: NTM(NTMCell(**SIZES), return_sequences=True), {}),
    "masked": (lambda: NTM(NTMCell(**SIZES), return_sequences=True), {"mask": MASK}),
    "zeros": (
        lambda: rnn(GRU(6), return_sequences=True, zero_output_for_mask=True),
        {"mask": MASK},
    ),
    "backwards": (
        lambda: rnn(GRU(6), go_backwards=True, return_state=True),
        {"mask": MASK},
    ),
    "stack": (lambda: rnn([GRU(6), keras.layers.LSTMCell(4)], return_state=True), {}),
}


@pytest.fixture(autouse=True)
def afterwards():
    yield
    keras_attn.enable_step_compilation(False)


@pytest.fixture
def enable_step_compilation():
    """Compiles by dynamo alone, without the minute of its C++."""
    import torch

    torch._dynamo.reset()
    return lambda: keras_attn.enable_step_compilation(backend="eager")


def compiled_frames():
    import torch

    return torch._dynamo.utils.counters["frames"]["ok"]


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch compiles the step")
def test_steps_are_not_compiled_in_compiled_loops():
    def step(slices, state):
        return [], state

    keras_attn.enable_step_compilation()
    assert compiled_step(step) is step


@on_torch
@pytest.mark.parametrize("name", list(CALLS))
def test_compiled_steps_equal_eager_steps(name, enable_step_compilation):
    make, call = CALLS[name]
    layer = make()
    layer.build(SEQUENCES.shape)
    randomise(layer)

    def run(sequences):
        return layer(sequences, **call)

    plain = outputs_and_gradients(run, [SEQUENCES], layer.trainable_variables)
    before = compiled_frames()
    enable_step_compilation()
    found = outputs_and_gradients(run, [SEQUENCES], layer.trainable_variables)
    assert compiled_frames() > before
    for ours, expected in zip(keras.tree.flatten(found), keras.tree.flatten(plain), strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(expected), atol=1e-5)


# Keys in one part, in parts of equal size, and of a size without equal parts.
@on_torch
@pytest.mark.parametrize("values", [1, 5, 36, 37])
def test_decoders_have_the_same_weights_and_gradients(values, enable_step_compilation, generator):
    decoder = AttentionDecoder(GRU(6), BahdanauAttention(4))
    memory = generator.normal(size=(3, values, 7)).astype("float32")
    decoder.build([SEQUENCES.shape, memory.shape])
    randomise(decoder)
    memory_mask = generator.uniform(size=(3, values)) < 0.8

    def run(sequences, memory):
        return decoder([sequences, memory], mask=[MASK, memory_mask], return_attention_scores=True)

    def found():
        return outputs_and_gradients(run, [SEQUENCES, memory], decoder.trainable_variables)

    plain, before = found(), compiled_frames()
    enable_step_compilation()
    compiled = found()
    # Of scores, of sums over values, and of the gradient of the keys.
    assert compiled_frames() == before + 3
    for ours, expected in zip(keras.tree.flatten(compiled), keras.tree.flatten(plain), strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(expected), atol=1e-5)


@on_torch
def test_scores_of_queries_alone_and_together_add_to_one_gradient(
    enable_step_compilation, generator
):
    query, key, scale = (
        generator.normal(size=size).astype("float32") for size in ((2, 3, 4), (2, 5, 4), (4,))
    )

    def run(query, key, scale):
        key = 1.0 * key
        alone = additive_scores(query[:, :1], key, scale) + additive_scores(
            query[:, 1:2], key, 2.0 * scale
        )
        return alone * additive_scores(query, key, scale)

    plain = outputs_and_gradients(run, [query, key, scale], [])
    enable_step_compilation()
    found = outputs_and_gradients(run, [query, key, scale], [])
    for ours, expected in zip(keras.tree.flatten(found), keras.tree.flatten(plain), strict=True):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(expected), rtol=1e-5, atol=1e-5)


@on_torch
def test_what_was_compiled_has_a_gradient_when_steps_no_longer_are(
    enable_step_compilation, generator
):
    query, source, scale = (
        ops.convert_to_tensor(generator.normal(size=size).astype("float32"))
        for size in ((2, 1, 4), (2, 5, 4), (4,))
    )
    found = []
    for _ in range(2):
        leaf = source.clone().requires_grad_()
        scores = additive_scores(query, 2.0 * leaf, scale)
        keras_attn.enable_step_compilation(False)
        (scores * scores).sum().backward()
        found.append(to_numpy(leaf.grad))
        enable_step_compilation()
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-5)


@on_torch
def test_a_model_learns_the_same(enable_step_compilation):
    losses, frames = [], []
    for compiled in (False, True):
        keras.utils.set_random_seed(1)
        model, data = machine()
        before = compiled_frames()
        if compiled:
            enable_step_compilation()
        losses.append(model.fit(data, epochs=2, verbose=0).history["loss"])
        frames.append(compiled_frames() - before)
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert frames[0] == 0 < frames[1]


def machine():
    """Returns a model and its copy task."""
    task = CopyTask(lengths=(2, 4), batch_size=4, steps_per_epoch=3, seed=1)
    cell = NTMCell(**SIZES)
    model = NeuralTuringMachine(task.input_channels, task.target_channels, cell)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    return model, task


@on_torch
@pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler")
def test_with_the_compiler_of_pytorch():
    def running(slices, state):
        total = 0.5 * state[0] + ops.tanh(slices[0])
        return [total * total], [total]

    def looped(sequence):
        step = compiled_step(running)
        return over_steps(step, [sequence], [ops.zeros_like(sequence[:, 0])])[0][0]

    (plain,), _ = gradients(looped, [SEQUENCES])
    keras_attn.enable_step_compilation()
    (found,), _ = gradients(looped, [SEQUENCES])
    np.testing.assert_allclose(found, plain, atol=1e-5)


@on_torch
@pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_scores_with_the_compiler_of_pytorch(dtype, generator):
    shapes = (2, 1, 20), (2, 36, 20), (20,)
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes]

    def run(query, key, scale):
        return additive_scores(*(ops.cast(each, dtype) for each in (query, key, scale)))

    plain = outputs_and_gradients(run, arrays, [])
    keras_attn.enable_step_compilation()
    found = outputs_and_gradients(run, arrays, [])
    for ours, expected in zip(keras.tree.flatten(found), keras.tree.flatten(plain), strict=True):
        ours, expected = (to_numpy(ops.cast(each, "float32")) for each in (ours, expected))
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


def test_options_while_disabling_are_refused():
    with pytest.raises(ValueError, match="`enabled=False` takes no options"):
        keras_attn.enable_step_compilation(False, dynamic=True)
