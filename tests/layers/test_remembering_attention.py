"""Alignment layers with a state, step by step and at once: coverage, windows, draws."""

import keras
import numpy as np
import pytest

from keras_attn import (
    BahdanauAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LuongAttention,
    MonotonicAttention,
)
from tests.backend import to_numpy
from tests.moments import check_frequencies, check_independent

MAKERS = {
    "coverage": lambda: CoverageAttention(7, use_bias=True, normalize=True),
    "local-m": lambda: LocalAttention(LuongAttention(), 1, "monotonic"),
    "local-p": lambda: LocalAttention(LuongAttention(), 2),
    "monotonic": lambda: MonotonicAttention(BahdanauAttention(7)),
    "hard": lambda: HardAttention(LuongAttention()),
}
every_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture
def query(generator):
    return generator.normal(size=(3, 4, 4)).astype("float32")


@pytest.fixture
def value(generator):
    return generator.normal(size=(3, 6, 5)).astype("float32")


def attend(layer, query, value, **arguments):
    """Context and weights as arrays, and the state."""
    context, weights, state = layer(
        [query, value], return_attention_scores=True, return_state=True, **arguments
    )
    return to_numpy(context), to_numpy(weights), state


@every_layer
def test_single_steps_equal_one_call(make, query, value):
    layer = make()
    mask = [None, np.array([[True] * 6, [True] * 4 + [False] * 2, [False] * 6])]
    context, weights, after = attend(layer, query, value, mask=mask)
    state = None
    for step in range(4):
        alone, looks, state = attend(layer, query[:, step], value, mask=mask, initial_state=state)
        np.testing.assert_allclose(alone, context[:, step], atol=1e-5)
        np.testing.assert_allclose(looks, weights[:, step], atol=1e-5)
    for one, other in zip(state, after, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)


@every_layer
def test_it_starts_from_its_initial_state(make, query, value):
    layer = make()
    context, _, _ = attend(layer, query, value)
    start = layer.get_initial_state(3, 6)
    assert [tuple(each.shape) for each in start] == layer.state_shapes(3, 6)
    np.testing.assert_allclose(attend(layer, query, value, initial_state=start)[0], context)


@every_layer
def test_empty_memories_and_queries(make, query, value):
    layer = make()
    layer([query, value])
    context, weights, _ = attend(layer, query, value[:, :0])
    assert weights.shape == (3, 4, 0)
    np.testing.assert_array_equal(context, np.zeros((3, 4, 5)))
    assert attend(layer, query[:, :0], value)[1].shape == (3, 0, 6)


@pytest.mark.parametrize("mode", ["parallel", "hard"])
def test_queries_that_are_padding_do_not_move_the_window(mode, query, value):
    layer = MonotonicAttention(BahdanauAttention(7), mode=mode, score_bias=0.3)
    context, _, _ = attend(layer, query, value)
    padded = np.concatenate([query[:, :1], query], axis=1)
    mask = [np.array([[False] + [True] * 4] * 3), None]
    later, weights, _ = attend(layer, padded, value, mask=mask)
    np.testing.assert_allclose(later[:, 1:], context, atol=1e-5)
    assert np.all(weights[:, 0] == 0.0)


def test_positions_are_drawn_as_often_as_they_are_likely(query, value):
    score = LuongAttention()
    layer = HardAttention(score, seed=1)
    expected = to_numpy(score([query, value], return_attention_scores=True)[1])
    many = np.repeat(query[:1, :1], 2000, axis=1)
    _, weights, _ = attend(layer, many, value[:1], training=True)
    assert np.all((np.abs(weights) < 1e-6) | (np.abs(weights - 1) < 1e-6))
    check_frequencies(weights[0].round().sum(axis=0), expected[0, 0])


def test_nothing_is_drawn_from_a_memory_that_is_masked(query, value):
    layer = HardAttention(LuongAttention())
    mask = [None, np.zeros((3, 6), "bool")]
    for training in (False, True):
        context, weights, state = attend(layer, query, value, mask=mask, training=training)
        assert np.all(context == 0.0)
        assert np.all(weights == 0.0)
        assert all(np.all(to_numpy(each) == 0.0) for each in state)


@pytest.mark.once
@pytest.mark.training
def test_coverage_learns_to_move_on_from_equal_queries():
    queries, memory = np.ones((8, 4, 3), "float32"), np.tile(np.eye(4, dtype="float32"), (8, 1, 1))
    losses = {}
    for layer in (CoverageAttention(16), BahdanauAttention(16)):
        inputs = [keras.Input((4, 3)), keras.Input((4, 4))]
        model = keras.Model(inputs, layer(inputs, return_attention_scores=True)[1])
        model.compile(keras.optimizers.Adam(0.1), "mse")
        losses[type(layer)] = model.fit([queries, memory], memory, epochs=50, verbose=0).history[
            "loss"
        ][-1]
    assert losses[CoverageAttention] < 0.1
    assert losses[BahdanauAttention] > 0.18  # no better than a guess


@pytest.mark.parametrize(
    "attention",
    [
        LuongAttention,
        MonotonicAttention(LuongAttention()),
        LocalAttention(LuongAttention()),
    ],
)
def test_layers_that_cannot_be_wrapped_are_refused(attention):
    with pytest.raises(ValueError, match="`attention` must be"):
        MonotonicAttention(attention)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_states_and_noise_are_not_rounded_to_half_precision(policy, generator):
    query, value = (generator.normal(size=(2, 300, 4)).astype("float32") for _ in range(2))
    local = LocalAttention(LuongAttention("dot", dtype=policy), 1, "monotonic", dtype=policy)
    start = [np.full((2, 1), 280, "float32")]
    _, weights, (step,) = attend(local, query[:, :3], value, initial_state=start)
    assert np.all(to_numpy(step) == 283)
    assert np.all(weights[:, 2].astype("float32").argmax(axis=-1) >= 281)
    hard = HardAttention(LuongAttention("dot", dtype=policy), temperature=0.5, dtype=policy)
    assert all(np.all(np.isfinite(o)) for o in attend(hard, query, value, training=True)[:2])
    noise = hard.draw_noise(2, 3, 4)
    assert {keras.backend.standardize_dtype(each.dtype) for each in noise} == {"float32"}


def test_draws_of_one_seed_are_independent():
    layer = HardAttention(LuongAttention("dot"), "reinforce", dropout=0.5, seed=0)
    zeros, ones = np.zeros((64, 50, 4), "float32"), np.ones((64, 10, 4), "float32")
    context = to_numpy(layer([zeros, ones], training=True))[..., 0]
    assert set(np.unique(context)) == {0.0, 2.0}
    assert context.mean() == pytest.approx(1.0, abs=0.1)
    layer = MonotonicAttention(LuongAttention("dot"), sigmoid_noise=1.0, dropout=0.5, seed=0)
    uniform, normal = (to_numpy(each).ravel() for each in layer.draw_noise(20, 20, 20))
    check_independent(uniform, normal)


def test_the_scales_of_coverage_and_hidden_layer_differ(query, value):
    layer = CoverageAttention(8)
    layer([query, value])
    assert not np.allclose(to_numpy(layer.scale), to_numpy(layer.coverage_scale))


def test_draws_from_a_window_have_the_likelihood_of_a_distribution(query, value):
    layer = HardAttention(LocalAttention(LuongAttention(), 2), "reinforce", seed=0)
    _, drawn, (likelihood, _) = attend(layer, query, value, training=True)
    window = to_numpy(layer.attention([query, value], return_attention_scores=True)[1])
    probability = window / window.sum(axis=-1, keepdims=True)
    expected = np.log(np.sum(probability * drawn, axis=-1)).sum(axis=1)
    np.testing.assert_allclose(to_numpy(likelihood)[:, 0], expected, atol=1e-4)


def test_an_empty_memory_with_a_mask(query, value):
    layer = LocalAttention(LuongAttention(), 2)
    layer([query, value])
    masks = [np.ones((3, 4), "bool"), np.ones((3, 0), "bool")]
    context, _, _ = attend(layer, query, value[:, :0], mask=masks)
    np.testing.assert_array_equal(context, np.zeros((3, 4, 5)))


@every_layer
def test_causal_masks_hide_later_values(make, query, value):
    layer = make()
    _, weights, _ = attend(layer, query, value, use_causal_mask=True)
    later = np.arange(4)[:, None] < np.arange(6)
    assert np.all(weights[:, later] == 0.0)
    # Later values have no influence on earlier contexts, neither by the state.
    changed = np.concatenate([value[:, :2], 3.0 - value[:, 2:]], axis=1)
    context, _, _ = attend(layer, query, value, use_causal_mask=True)
    again, _, _ = attend(layer, query, changed, use_causal_mask=True)
    np.testing.assert_allclose(again[:, :2], context[:, :2], atol=1e-5)
