"""Places of a map, cached keys, the gate, and the draws of the hard mode."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import AdaptiveAttention, AttentionDecoder, SentinelLSTMCell, VisualAttention
from keras_attn.ops import reinforce_loss
from tests.backend import flat, gradients, to_numpy
from tests.conformance.case import randomise
from tests.layers.scores import enlarged_score
from tests.ops.functions import differences
from tests.oracles import alignment as oracle


def test_a_map_equals_its_places_in_rows(query, feature_map):
    layer = VisualAttention(7, gate="vector", data_format="channels_last")
    mask = np.arange(16).reshape(2, 2, 4) % 3 > 0
    context, weights = flat(
        layer([query, feature_map], mask=[None, mask], return_attention_scores=True)
    )
    places = feature_map.reshape(2, 8, 6)
    other, rows = flat(
        layer([query, places], mask=[None, mask.reshape(2, 8)], return_attention_scores=True)
    )
    np.testing.assert_allclose(context, other, atol=1e-6)
    np.testing.assert_allclose(weights.reshape(2, 3, 8), rows, atol=1e-6)
    assert np.all(weights[np.repeat(~mask[:, None], 3, axis=1)] == 0.0)


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_keys_are_projected_once(query, feature_map, mode):
    layer = VisualAttention(7, mode, gate="scalar", data_format="channels_last")
    wanted = flat(layer([query, feature_map], return_attention_scores=True))
    keys = layer.project_keys(feature_map)
    steps = [
        flat(
            layer(
                [query[:, step], feature_map, keys],
                keys_projected=True,
                return_attention_scores=True,
            )
        )
        for step in range(3)
    ]
    for part, whole in enumerate(wanted):
        again = np.stack([step[part] for step in steps], axis=1)
        np.testing.assert_allclose(again, whole, atol=1e-5)


def test_the_gate_scales_the_context(query, feature_map):
    layer = VisualAttention(7, gate="scalar", data_format="channels_last")
    open_gate = VisualAttention(7, data_format="channels_last")
    for each in (layer, open_gate):
        each.build([query.shape, feature_map.shape])
    open_gate.set_weights(layer.get_weights()[:-2])
    layer.gate_projection.kernel.assign(np.zeros((5, 1)))
    for bias, share in ((-1e4, 0.0), (0.0, 0.5), (1e4, 1.0)):
        layer.gate_projection.bias.assign([bias])
        np.testing.assert_allclose(
            to_numpy(layer([query, feature_map])),
            share * to_numpy(open_gate([query, feature_map])),
            atol=1e-6,
        )


def test_a_map_that_does_not_fit_is_refused(query, feature_map):
    layer = VisualAttention(7, data_format="channels_last")
    with pytest.raises(ValueError, match="`query` and `value` must have the same batch size"):
        layer([query, feature_map[:1]])
    with pytest.raises(ValueError, match="`value_mask` must be of shape"):
        layer([query, feature_map], mask=[None, np.ones((2, 4, 4), "bool")])
    with pytest.raises(ValueError, match=r'`expectation_rate` .*belong to `mode="hard"`'):
        VisualAttention(7, expectation_rate=0.5)


def test_a_decoder_draws_a_place_at_every_step(feature_map):
    attention = VisualAttention(7, "hard", gate="scalar", estimator="reinforce", seed=1)
    decoder = AttentionDecoder(keras.layers.LSTMCell(5), attention)
    words = np.ones((2, 4, 3), "float32")
    _, weights, state = decoder(
        [words, feature_map.reshape(2, 8, 6)],
        training=True,
        return_attention_scores=True,
        return_state=True,
    )
    weights = to_numpy(weights)
    assert np.all((weights == 0.0) | (weights == 1.0))
    assert np.all(weights.sum(axis=-1) == 1.0)
    likelihood, entropy = (to_numpy(each) for each in state[-2:])
    assert np.all(likelihood < 0.0)
    assert np.all((entropy > 0.0) & (entropy <= 4 * np.log(8) + 1e-4))


@pytest.mark.training
def test_reinforce_is_unbiased_and_a_baseline_reduces_its_variance(generator):
    """Compares with differences of the expected reward over all places."""
    options = {"estimator": "reinforce", "scale_initializer": "ones", "seed": 3}
    layer = VisualAttention(4, "hard", data_format="channels_last", **options)
    layer.build([(None, 1, 3), (None, 2, 2, 5)])
    randomise(layer)
    query = generator.normal(size=(1, 3))
    feature_map = generator.normal(size=(2, 2, 5)).astype("float32")
    rewards = np.array([2.0, 3.0, 5.0, 1.0], "float32")
    score = enlarged_score(layer)

    def expected(query):
        _, seen = oracle.attend(score, query[None], feature_map.reshape(1, 4, 5))
        return float(seen[0, 0] @ rewards)

    exact = differences(expected, query)[0]
    draws = 4000

    def estimates(baseline):
        """The gradient of each draw, `(draws, 3)`."""

        def loss(queries):
            maps = ops.tile(ops.convert_to_tensor(feature_map)[None], (draws, 1, 1, 1))
            _, seen, (likelihood, _) = layer(
                [queries, maps], training=True, return_attention_scores=True, return_state=True
            )
            reward = ops.matmul(ops.reshape(seen, (draws, 4)), rewards[:, None])
            each = reinforce_loss(likelihood, reward, baseline)
            # `gradients` differentiates the sum of the squares of what it gets.
            return each - ops.stop_gradient(each) + 1.0

        (found,), _ = gradients(loss, [np.tile(query[None], (draws, 1, 1)).astype("float32")])
        return -found[:, 0] / 2.0  # a loss is less where the reward is more

    spread = []
    for baseline in (0.0, expected(query)):
        found = estimates(baseline)
        error = found.std(axis=0) / np.sqrt(draws)
        assert np.all(np.abs(exact) > 8.0 * error)
        assert np.all(np.abs(found.mean(axis=0) - exact) < 4.0 * error)
        spread.append(found.var(axis=0).sum())
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.training
def test_a_draw_counts_for_the_rewards_from_its_step_on(generator):
    """Compares with differences of the expected rewards over all pairs of places."""
    options = {"estimator": "reinforce", "scale_initializer": "ones", "seed": 5}
    layer = VisualAttention(4, "hard", **options)
    layer.build([(None, 1, 3), (None, 4, 5)])
    randomise(layer)
    score = enlarged_score(layer)
    query, places = generator.normal(size=(1, 3)), generator.normal(size=(1, 4, 5))
    # The second query depends on the first draw, and so do both rewards.
    moves = generator.normal(size=(4, 3)).astype("float32")
    first = np.array([1.0, 9.0, 3.0, 6.0], "float32")
    second = generator.normal(size=(4, 4)).astype("float32")

    def chances(query):
        return oracle.attend(score, query[None], places)[1][0, 0]

    def expected(query):
        after = np.array([chances(query + moves[place : place + 1]) for place in range(4)])
        return float(chances(query) @ (first + np.sum(after * second, axis=1)))

    exact = differences(expected, query)[0]
    draws = 4000

    def estimates(to_go):
        def loss(queries):
            maps = ops.tile(ops.convert_to_tensor(places.astype("float32")), (draws, 1, 1))
            options = {
                "training": True,
                "return_attention_scores": True,
                "return_state": True,
            }
            _, one, state = layer([queries, maps], **options)
            queries = queries + ops.matmul(one, moves)
            _, two, after = layer([queries, maps], initial_state=state, **options)
            likelihood = ops.concatenate([state[0], after[0]], axis=1)
            rewards = ops.matmul(one, first[:, None]), ops.matmul(one, second) * two
            reward = ops.concatenate([rewards[0], ops.sum(rewards[1], -1, keepdims=True)], axis=1)
            if to_go:
                each = reinforce_loss(likelihood, reward)
            else:
                each = reinforce_loss(likelihood[:, 1], ops.sum(reward, axis=1))
            # `gradients` differentiates the sum of the squares of what it gets.
            return each - ops.stop_gradient(each) + 1.0

        (found,), _ = gradients(loss, [np.tile(query, (draws, 1)).astype("float32")])
        return -found / 2.0  # a loss is less where the reward is more

    spread = {}
    for to_go in (False, True):
        found = estimates(to_go)
        error = found.std(axis=0) / np.sqrt(draws)
        assert np.max(np.abs(exact) / error) > 8.0
        assert np.all(np.abs(found.mean(axis=0) - exact) < 4.0 * error)
        spread[to_go] = found.var(axis=0).sum()
    assert np.all(np.abs(exact) > 8.0 * error)
    # Rewards of the first draw are no noise of the second.
    assert spread[True] < 0.5 * spread[False]


def test_without_values_the_context_is_the_sentinel(generator):
    layer = AdaptiveAttention(7)
    query = generator.normal(size=(2, 3, 8)).astype("float32")
    value = generator.normal(size=(2, 5, 4)).astype("float32")
    hidden = np.array([[True] * 5, [False] * 5])
    asked = np.array([[True] * 3, [True, True, False]])
    context, weights = flat(
        layer([query, value], mask=[asked, hidden], return_attention_scores=True)
    )
    assert np.all(weights[1] == 0.0)
    np.testing.assert_allclose(context[1, :2], query[1, :2, 4:], atol=1e-6)
    assert np.all(context[1, 2] == 0.0)
    assert np.all((weights[0].sum(axis=-1) > 0.0) & (weights[0].sum(axis=-1) < 1.0))


def test_a_decoder_drives_the_cell_with_the_sentinel(generator):
    decoder = AttentionDecoder(SentinelLSTMCell(4), AdaptiveAttention(7), attend="after")
    words = generator.normal(size=(2, 3, 5)).astype("float32")
    places = generator.normal(size=(2, 6, 4)).astype("float32")
    outputs, weights = flat(decoder([words, places], return_attention_scores=True))
    prepared = decoder.prepare(places)
    state = decoder.get_initial_state(prepared)
    for step in range(3):
        (output, _, seen), state = decoder.step(words[:, step], state, prepared)
        np.testing.assert_allclose(to_numpy(output), outputs[:, step], atol=1e-5)
        np.testing.assert_allclose(to_numpy(seen), weights[:, step], atol=1e-5)
