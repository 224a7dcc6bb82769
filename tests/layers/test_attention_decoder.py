"""`AttentionDecoder` at inference: steps, states and masks, for every kind of attention."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import (
    AttentionDecoder,
    BahdanauAttention,
    CoverageAttention,
    LocalAttention,
    LuongAttention,
)
from tests.backend import to_numpy
from tests.layers.decoders import GRU, LSTM, MAKERS, MASKS

every_decoder = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_decoder
def test_single_steps_equal_one_call(make, words, memory):
    layer = make()
    outputs, contexts, weights, remembered, last = layer(
        [words, memory],
        mask=MASKS,
        return_contexts=True,
        return_attention_scores=True,
        return_attention_states=True,
        return_state=True,
    )
    assert len(remembered) == len(layer.attention.state_shapes(4, 5))
    prepared = layer.prepare(memory, MASKS[1])
    state = layer.get_initial_state(prepared)
    assert [tuple(each.shape) for each in state] == [tuple(each.shape) for each in last]
    for step in range(4):
        runs = MASKS[0][:, step, None]
        found, after = layer.step(words[:, step], state, prepared)
        for one, every in zip(found, (outputs, contexts, weights), strict=True):
            expected = np.where(runs, to_numpy(one), 0.0)
            np.testing.assert_allclose(to_numpy(every)[:, step], expected, atol=1e-5)
        state = [
            ops.convert_to_tensor(np.where(runs, to_numpy(new), to_numpy(old)))
            for new, old in zip(after, state, strict=True)
        ]
        for every, one in zip(remembered, state[len(state) - len(remembered) :], strict=True):
            np.testing.assert_allclose(to_numpy(every)[:, step], to_numpy(one), atol=1e-5)
    for one, other in zip(state, last, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)


def test_the_state_of_an_encoder_is_the_first_state(words, memory):
    encoded, *state = keras.layers.LSTM(8, return_sequences=True, return_state=True)(memory)
    layer = AttentionDecoder(LSTM(8), BahdanauAttention(7))
    outputs = to_numpy(layer([words, encoded], initial_state=state))
    assert not np.allclose(outputs, to_numpy(layer([words, encoded])))
    prepared = layer.prepare(encoded)
    (first, _, _), _ = layer.step(words[:, 0], layer.get_initial_state(prepared, state), prepared)
    np.testing.assert_allclose(to_numpy(first), outputs[:, 0], atol=1e-5)
    with pytest.raises(ValueError, match="`initial_state` must hold tensors of the widths"):
        layer([words, encoded], initial_state=state[0])


def test_a_string_among_the_cells_is_refused():
    with pytest.raises(ValueError, match="`cell` must be a recurrent cell"):
        AttentionDecoder([GRU(3), "gru"], LuongAttention())


def test_a_stack_of_keras_equals_a_list_of_cells(words, memory):
    stack = keras.layers.StackedRNNCells([GRU(4), GRU(7)])
    layers = [AttentionDecoder(cell, BahdanauAttention(3)) for cell in (stack, [GRU(4), GRU(7)])]
    for each in layers:
        each.build([words.shape, memory.shape])
    layers[1].set_weights(layers[0].get_weights())
    found, expected = (to_numpy(each([words, memory])) for each in layers)
    assert found.shape == (4, 4, 7)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@every_decoder
def test_the_last_state_continues_a_sequence(make, words, memory):
    layer = make()
    whole = to_numpy(layer([words, memory]))
    first, state = layer([words[:, :2], memory], return_state=True)
    second = layer([words[:, 2:], memory], initial_state=state)
    found = np.concatenate([to_numpy(first), to_numpy(second)], axis=1)
    np.testing.assert_allclose(found, whole, atol=1e-5)
    with pytest.raises(ValueError, match="`initial_state` must hold tensors of the widths"):
        layer([words, memory], initial_state=[words[:, 0]])


def test_a_cell_may_have_a_state_size_only(words, memory):
    class Plain(keras.layers.Layer):
        state_size = 4

        def call(self, inputs, states, training=None):
            state = 0.5 * states[0] + ops.sum(inputs, axis=-1, keepdims=True)
            return state, [state]

    layer = AttentionDecoder(Plain(), BahdanauAttention(3))
    outputs, contexts = map(to_numpy, layer([words, memory], return_contexts=True))
    state = np.zeros((4, 4))
    for step in range(4):
        inputs = np.c_[words[:, step], contexts[:, step]]
        state = 0.5 * state + np.sum(inputs, axis=-1, keepdims=True)
        np.testing.assert_allclose(outputs[:, step], state, atol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("name", ["coverage", "local"])
def test_states_of_the_attention_are_not_rounded(name, words, memory):
    attention = {
        "coverage": lambda: CoverageAttention(7),
        "local": lambda: LocalAttention(LuongAttention(), 1, "monotonic"),
    }[name]
    layer = AttentionDecoder(GRU(8), attention(), dtype="mixed_float16")
    _, state = layer([words, memory], return_state=True)
    assert [keras.backend.standardize_dtype(each.dtype) for each in state] == ["float16", "float32"]
    # Half precision has no 3001 and no 2.0007.
    start = 3001.0 if name == "local" else 2.0007
    state[1] = ops.zeros_like(state[1]) + start
    outputs, weights, after = layer(
        [words[:, :1], memory],
        initial_state=state,
        return_attention_scores=True,
        return_state=True,
    )
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    found = to_numpy(after[1])
    more = 1.0 if name == "local" else to_numpy(weights)[:, 0].astype("float32")
    np.testing.assert_allclose(found, np.broadcast_to(start + more, found.shape), atol=3e-4)


@every_decoder
def test_no_steps_and_no_memory(make, words, memory):
    layer = make()
    layer([words, memory])
    outputs, weights, state = layer(
        [words[:, :0], memory], return_attention_scores=True, return_state=True
    )
    assert tuple(outputs.shape)[:2] == (4, 0)
    assert tuple(weights.shape) == (4, 0, 5)
    first = layer.get_initial_state(layer.prepare(memory))
    for one, other in zip(state, first, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
    outputs, contexts = layer([words, memory[:, :0]], return_contexts=True)
    assert np.all(np.isfinite(to_numpy(outputs)))
    np.testing.assert_array_equal(to_numpy(contexts), np.zeros((4, 4, 6)))


def test_masks_of_other_sizes_are_refused(words, memory):
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7))
    for name, masks in (
        ("input_mask", [np.ones((4, 3), "bool"), None]),
        ("memory_mask", [None, np.ones((4, 4), "bool")]),
        ("memory_mask", [None, np.ones((3, 5), "bool")]),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be of shape"):
            layer([words, memory], mask=masks)
    with pytest.raises(ValueError, match="`prepare` needs a layer that was built"):
        AttentionDecoder(GRU(8), BahdanauAttention(7)).prepare(memory)
