"""Attention in training, compared with computations from the recorded random numbers."""

import keras
import numpy as np
import pytest

from keras_attn import (
    AttentionDecoder,
    BahdanauAttention,
    HardAttention,
    LuongAttention,
    MonotonicAttention,
)
from tests.backend import flat, to_numpy
from tests.conformance.case import randomise, weights_by_path
from tests.draws import recorded_draws
from tests.layers.scores import general, made, numbers_of, visual
from tests.oracles import alignment as oracle
from tests.oracles import draws as drawn

RATE = 0.5
DROPOUT = 0.4

# (options, oracle of the weights in training)
MONOTONIC = [
    ({"mode": "recursive"}, oracle.monotonic),
    ({"mode": "parallel", "dropout": DROPOUT}, oracle.monotonic),
    ({"mode": "recursive", "hard_at_inference": True}, oracle.monotonic),
    ({"mode": "hard"}, oracle.hard_monotonic),
]


@pytest.mark.parametrize(("options", "weigh"), MONOTONIC)
@pytest.mark.parametrize("deviation", [0.0, 0.25, 2.0])
def test_monotonic_attention_adds_noise_of_its_deviation(options, weigh, deviation, generator):
    query, value = (
        generator.normal(size=size).astype("float32") for size in ((2, 4, 3), (2, 5, 6))
    )
    query = 2.0 * query
    layer, score = made(
        lambda **more: MonotonicAttention(general(), score_bias=-0.3, **more),
        sigmoid_noise=deviation,
        **options,
    )
    with recorded_draws(layer) as draws:
        context, weights, state = flat(
            layer([query, value], training=True, return_attention_scores=True, return_state=True)
        )
    numbers = numbers_of(draws)
    assert len(numbers) == ("dropout" in options) + (deviation > 0.0)
    bias, expected = float(to_numpy(layer.bias)), []
    for b in range(2):
        energy = np.zeros((4, 5))
        for i, j in np.ndindex(4, 5):
            energy[i, j] = score(query[b, i], value[b, j]) + bias
            energy[i, j] += deviation * numbers[-1][b, i, j] if deviation else 0.0
        expected.append(weigh(1.0 / (1.0 + np.exp(-energy))))
    expected = np.array(expected)
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    np.testing.assert_allclose(state, expected[:, -1], atol=1e-4)
    if "dropout" in options:
        expected = drawn.dropped(expected, numbers[0], DROPOUT)
    np.testing.assert_allclose(context, expected @ value, atol=1e-4)


DECODERS = {
    "hard": lambda: HardAttention(
        BahdanauAttention(7), "reinforce", expectation_rate=RATE, dropout=DROPOUT, seed=1
    ),
    "monotonic": lambda: MonotonicAttention(
        BahdanauAttention(7), sigmoid_noise=1.0, dropout=DROPOUT, seed=1
    ),
    "visual": lambda: visual(estimator="reinforce", gate="scalar", dropout=DROPOUT, seed=1),
    "dropout": lambda: BahdanauAttention(7, dropout=DROPOUT, seed=1),
}


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("attend", ["before", "after"])
def test_each_step_of_a_decoder_has_the_noise_of_its_query(name, attend, generator):
    layer = AttentionDecoder(keras.layers.GRUCell(4), DECODERS[name](), attend=attend)
    words, memory = (
        generator.normal(size=shape).astype("float32") for shape in ((2, 3, 3), (2, 5, 6))
    )
    layer.build([words.shape, memory.shape])
    with recorded_draws(layer) as draws:
        outputs, contexts, weights, last = layer(
            [words, memory],
            training=True,
            return_contexts=True,
            return_attention_scores=True,
            return_state=True,
        )
    noise = numbers_of(draws)
    prepared = layer.prepare(memory)
    state = layer.get_initial_state(prepared)
    for step in range(3):
        here = [keras.ops.convert_to_tensor(each[:, step : step + 1]) for each in noise]
        found, state = layer.step(words[:, step], state, prepared, True, here)
        for one, every in zip(found, (outputs, contexts, weights), strict=True):
            np.testing.assert_allclose(to_numpy(one), to_numpy(every)[:, step], atol=1e-5)
    for one, other in zip(state, last, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)


def test_a_decoder_drops_weights_and_inputs_and_states_of_its_cell(generator):
    cell = keras.layers.SimpleRNNCell(4, dropout=0.3, recurrent_dropout=0.3, seed=2, name="cell")
    layer = AttentionDecoder(cell, LuongAttention("general", dropout=DROPOUT, name="score"))
    words, memory = (
        generator.normal(size=shape).astype("float32") for shape in ((2, 3, 3), (2, 5, 6))
    )
    layer.build([words.shape, memory.shape])
    randomise(layer)
    with recorded_draws(layer) as draws:
        outputs, weights = flat(layer([words, memory], training=True, return_attention_scores=True))
    weight = weights_by_path(layer)
    (numbers,), (of_inputs, of_state) = draws["score"], draws["cell"]
    score, state = oracle.bilinear(weight["score/query_projection/kernel"]), np.zeros((2, 4))
    for step in range(3):
        _, seen = oracle.attend(score, state[:, None], memory)
        np.testing.assert_allclose(weights[:, step], seen[:, 0], atol=1e-5)
        seen = drawn.dropped(seen[:, 0], numbers[:, step], DROPOUT)
        context = np.stack([each @ values for each, values in zip(seen, memory, strict=True)])
        # The same masks at every step.
        state = np.tanh(
            (np.c_[words[:, step], context] * of_inputs) @ weight["cell/kernel"]
            + (state * of_state) @ weight["cell/recurrent_kernel"]
            + weight["cell/bias"]
        )
        np.testing.assert_allclose(outputs[:, step], state, atol=1e-5)
