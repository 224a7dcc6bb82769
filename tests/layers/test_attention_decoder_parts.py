"""`AttentionDecoder`: parts that were built before, symbolic outputs, dtypes, and its samples."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import (
    NTM,
    AttentionDecoder,
    BahdanauAttention,
    CoverageAttention,
    LuongAttention,
    NTMCell,
)
from tests.backend import flat, gradients, on_one_backend, to_numpy
from tests.draws import recorded_draws
from tests.layers.decoders import GRU, LSTM, MAKERS, MASKS

EVERYTHING = {
    "return_contexts": True,
    "return_attention_scores": True,
    "return_inputs": True,
    "return_attention_states": True,
    "return_state": True,
}


def dtypes(tensors):
    return [keras.backend.standardize_dtype(each.dtype) for each in keras.tree.flatten(tensors)]


def test_parts_that_were_built_before_keep_their_weights(words, memory):
    attention, cell = BahdanauAttention(7), GRU(8)
    weights = attention([np.ones((4, 1, 8), "float32"), memory], return_attention_scores=True)[1]
    cell.build((None, 9))
    before = [to_numpy(each) for part in (cell, attention) for each in part.weights]
    layer = AttentionDecoder(cell, attention)
    _, found = layer(
        [words, memory],
        initial_state=np.ones((4, 8), "float32"),
        return_attention_scores=True,
    )
    np.testing.assert_allclose(to_numpy(found)[:, 0], to_numpy(weights)[:, 0], atol=1e-6)
    after = [to_numpy(each) for part in (cell, attention) for each in part.weights]
    assert len(layer.weights) == len(before)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


class Counter(keras.layers.Layer):
    """Cell that starts at its own number and adds the mean of its inputs."""

    state_size = output_size = 5

    def call(self, inputs, states, training=None):
        state = states[0] + ops.mean(inputs, axis=-1, keepdims=True)
        return state, [state]

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, 5)) + 3.0]


def test_cells_start_from_their_own_initial_state(words, memory):
    layer = AttentionDecoder(Counter(), BahdanauAttention(7))
    outputs, contexts = map(to_numpy, layer([words, memory], return_contexts=True))
    seen = np.concatenate([words, contexts], axis=-1).mean(axis=-1, keepdims=True)
    expected = np.broadcast_to(3.0 + np.cumsum(seen, axis=1), outputs.shape)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    machine = NTM(NTMCell(5, 6, 4, controller=Counter()), return_sequences=True)
    found = to_numpy(machine(words))
    reads = found[..., 5:]
    first = to_numpy(machine.get_initial_state(4)[0])[:, None, 5:]
    before = np.concatenate([first, reads[:, :-1]], axis=1)
    seen = np.concatenate([words, before], axis=-1).mean(axis=-1, keepdims=True)
    expected = np.broadcast_to(3.0 + np.cumsum(seen, axis=1), (4, 4, 5))
    np.testing.assert_allclose(found[..., :5], expected, atol=1e-5)


def test_cells_and_their_states_may_be_nested(words, memory, generator):
    cells = [LSTM(8), GRU(9)]
    layer = AttentionDecoder(tuple(cells), LuongAttention(), attend="after")
    assert layer.cells == cells
    states = [generator.normal(size=(4, width)).astype("float32") for width in (8, 8, 9)]
    expected = to_numpy(layer([words, memory], initial_state=states))
    for given in ([states[:2], states[2:]], (tuple(states[:2]), states[2])):
        found = to_numpy(layer([words, memory], initial_state=given))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(expected, to_numpy(layer([words, memory])), atol=1e-3)
    for wrong in (states[:2], [*states, states[0]], [states[2], *states[:2]]):
        with pytest.raises(ValueError, match="`initial_state` must hold tensors of the widths"):
            layer([words, memory], initial_state=wrong)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_symbolic_outputs_have_the_shapes_and_dtypes_of_the_real_ones(make, words, memory):
    layer = make()
    specs = layer([keras.KerasTensor(each.shape) for each in (words, memory)], **EVERYTHING)
    outputs = layer([words, memory], **EVERYTHING)
    assert len(specs) == len(outputs) == 6
    for spec, output in zip(specs, outputs, strict=True):
        shapes = [
            [tuple(tensor.shape) for tensor in keras.tree.flatten(each)] for each in (spec, output)
        ]
        assert shapes[0] == shapes[1]
        assert dtypes(spec) == dtypes(output)
    np.testing.assert_array_equal(to_numpy(outputs[3]), words)


@pytest.mark.training
def test_only_states_of_the_attention_stay_exact_in_half_precision(words, memory):
    layer = AttentionDecoder(
        LSTM(8),
        CoverageAttention(7),
        attend="after",
        attentional_units=5,
        input_feeding=True,
        dtype="mixed_float16",
    )
    inputs = [keras.KerasTensor(each.shape) for each in (words, memory)]
    *_, spec = layer(inputs, return_state=True)
    outputs, state = layer([words, memory], return_state=True)
    expected = ["float16"] * 3 + ["float32"]
    widths = [(4, 8), (4, 8), (4, 5), (4, 5)]
    first = layer.get_initial_state(layer.prepare(memory))
    whole = [ops.cast(each, "float32") for each in state]
    given = layer.get_initial_state(layer.prepare(memory), whole)
    for tensors in (spec, state, first, given):
        assert dtypes(tensors) == expected
        assert [tuple(each.shape) for each in tensors] == widths
    assert all(np.all(to_numpy(each) == 0.0) for each in first)
    # The coverage counts the steps, and float16 has no number between 2048 and 2050.
    whole[3] = ops.zeros_like(whole[3]) + 2049.0
    assert np.all(to_numpy(layer.get_initial_state(layer.prepare(memory), whole)[3]) == 2049.0)
    assert dtypes(outputs) == ["float16"]


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_masks_may_be_numbers(dtype, words, memory):
    layer = MAKERS["coverage"]()
    expected = flat(layer([words, memory], mask=MASKS, **EVERYTHING))
    found = layer([words, memory], mask=[each.astype(dtype) for each in MASKS], **EVERYTHING)
    for one, other in zip(flat(found), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_inputs_of_another_dtype_are_cast(dtype, generator):
    words, memory = (generator.integers(-2, 3, size) for size in ((4, 4, 3), (4, 5, 6)))
    layer = MAKERS["luong"]()
    expected = flat(layer([each.astype("float32") for each in (words, memory)], **EVERYTHING))
    words, memory = words.astype(dtype), memory.astype(dtype)
    found = flat(layer([words, memory], **EVERYTHING))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    prepared = layer.prepare(memory)
    assert dtypes(prepared["memory"]) == ["float32"]
    (output, *_), _ = layer.step(words[:, 0], layer.get_initial_state(prepared), prepared)
    np.testing.assert_allclose(to_numpy(output), expected[0][:, 0], atol=1e-6)


@on_one_backend
@pytest.mark.parametrize(
    "shapes",
    [
        ((4, 3), (4, 5, 6)),
        ((4, 4, 3), (4, 6)),
        ((4, 4, 3), (4, 1, 5, 6)),
        ((3, 4, 3), (4, 5, 6)),
        ((4, 4, 0), (4, 5, 6)),
        ((4, 4, 3), (4, 5, 0)),
    ],
)
def test_inputs_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="`inputs` and memory must be of rank 3"):
        AttentionDecoder(GRU(8), BahdanauAttention(7))([np.ones(shape) for shape in shapes])


# === Samples ===


def echo(output, context, inputs, chance):
    """Returns inputs that depend on all arguments of a `sample_fn`."""
    return output[:, :3] + 0.1 * context[:, :3] + 0.01 * inputs + chance[:, None]


def test_masks_noise_and_samples_meet(words, memory):
    attention = BahdanauAttention(7, dropout=0.4, seed=1, name="attention")
    layer = AttentionDecoder(GRU(8), attention, sample_fn=echo, seed=2)
    layer.build([words.shape, memory.shape])
    layer.sampling_probability.assign(0.5)
    runs = np.arange(4) < np.array([[4], [2], [0], [3]])
    with recorded_draws(layer) as draws:
        outputs, inputs, last = layer(
            [words, memory],
            mask=[runs, MASKS[1]],
            training=True,
            return_inputs=True,
            return_state=True,
        )
    ((coins, chances),), (noise,) = draws[""], draws["attention"]
    own = coins < 0.5
    own[:, 0] = False
    assert 0.0 < np.mean(own[runs]) < 1.0
    prepared = layer.prepare(memory, MASKS[1])
    state, before = layer.get_initial_state(prepared), 0.0 * words[:, 0]
    for step in range(4):
        here = runs[:, step, None]
        given = ops.convert_to_tensor(np.where(own[:, step, None], before, words[:, step]))
        drawn = [ops.convert_to_tensor(noise[:, step : step + 1])]
        (output, context, _), after = layer.step(given, state, prepared, True, drawn)
        before = to_numpy(echo(output, context, given, ops.convert_to_tensor(chances[:, step])))
        state = [ops.where(here, new, old) for new, old in zip(after, state, strict=True)]
        expected = np.where(here, to_numpy(output), 0.0)
        np.testing.assert_allclose(to_numpy(outputs)[:, step], expected, atol=1e-5)
        seen = to_numpy(inputs)[:, step]
        np.testing.assert_allclose(seen[here[:, 0]], to_numpy(given)[here[:, 0]], atol=1e-5)
    for one, other in zip(last, state, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)


class Sampler(keras.layers.Layer):
    """A `sample_fn` with weights, which records the shapes and dtypes of its arguments."""

    def __init__(self):
        super().__init__(autocast=False)
        self.dense = keras.layers.Dense(3, name="dense")
        self.calls = []

    def build(self, output_shape, context_shape, inputs_shape, chance_shape):
        self.dense.build(output_shape)

    def call(self, output, context, inputs, chance):
        tensors = (output, context, inputs, chance)
        self.calls.append([(tuple(each.shape), *dtypes(each)) for each in tensors])
        return self.dense(output)


@on_one_backend
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_sampler_is_built_by_what_it_is_called_with(policy, words, memory):
    sampler = Sampler()
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7), sample_fn=sampler, dtype=policy)
    layer.build([words.shape, memory.shape])
    count = len(sampler.calls)
    assert count > 0
    assert tuple(sampler.dense.kernel.shape) == (8, 3)
    layer([words, memory], training=True)
    dtype = layer.compute_dtype
    expected = [((4, 8), dtype), ((4, 6), dtype), ((4, 3), dtype), ((4,), "float32")]
    assert [list(map(tuple, call)) for call in sampler.calls] == [expected] * len(sampler.calls)
    assert len(sampler.calls) > count
    fixed = [weight.path for weight in layer.non_trainable_weights]
    assert fixed == [layer.sampling_probability.path]
    assert float(to_numpy(layer.sampling_probability)) == 0.0
    # A sampler that was built before is not built again.
    count = len(sampler.calls)
    AttentionDecoder(GRU(8), BahdanauAttention(7), sample_fn=sampler).build(
        [words.shape, memory.shape]
    )
    assert len(sampler.calls) == count


@pytest.mark.training
def test_no_gradient_goes_through_samples(words, memory):
    sampler = Sampler()
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7), sample_fn=sampler)
    layer.build([words.shape, memory.shape])
    layer.sampling_probability.assign(1.0)
    _, inputs = layer([words, memory], training=True, return_inputs=True)
    variables = [weight for part in (layer.cells[0], layer.attention) for weight in part.weights]
    variables.append(sampler.dense.kernel)
    *found, of_sampler = gradients(lambda: layer([words, memory], training=True), [], variables)[1]
    *expected, _ = gradients(lambda: layer([to_numpy(inputs), memory]), [], variables)[1]
    assert np.all(of_sampler == 0.0)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
