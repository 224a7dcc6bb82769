"""The moving average that REINFORCE compares its rewards with."""

import numpy as np
import pytest

from keras_attn.layers.reward_baseline import RewardBaseline
from tests.backend import to_numpy

pytestmark = pytest.mark.training

LIKELIHOOD = np.array([[-1.0, -1.5, -1.5], [-2.0, -2.5, -4.0]], "float32")
ENTROPY = np.array([[0.5], [0.25]], "float32")
WRITTEN = np.array([[True, False, False], [True, True, True]])


def rewards(mean):
    """Returns rewards of four tokens with the given mean."""
    each = mean + np.array([[1.5, 0.0, 0.0], [-2.0, 1.0, -0.5]], "float32")
    return np.where(WRITTEN, each, 0.0).astype("float32")


@pytest.mark.parametrize("to_go", [True, False])
@pytest.mark.parametrize("weights", [None, np.float32([[2.0, 9.0, 9.0], [0.5, 1.0, 0.0]])])
@pytest.mark.parametrize("momentum", [0.0, 0.75])
def test_rewards_are_compared_with_the_mean_of_a_word_so_far(to_go, weights, momentum):
    layer = RewardBaseline(momentum=momentum, entropy_weight=0.1, to_go=to_go)
    layer.build((None, None))
    words = [(0, 0), (1, 0), (1, 1), (1, 2)]
    mass = {word: 1.0 if weights is None else weights[word] for word in words}
    past = []
    for number in (-2.0, -3.0, -1.0):
        reward = rewards(number)
        mean = sum(mass[word] * reward[word] for word in words) / sum(mass.values())
        # The mean of the batches before, a batch later counts more; the first is its own.
        decay = momentum ** np.arange(len(past))[::-1]
        baseline = decay @ past / sum(decay) if past else mean
        past.append(mean)
        found = to_numpy(layer.loss(LIKELIHOOD, ENTROPY, reward, WRITTEN, weights=weights))
        expected = -0.1 * ENTROPY[:, 0]
        for row, step in words:
            up_to = LIKELIHOOD[row, step if to_go else -1]
            expected[row] -= (reward[row, step] - baseline) * up_to
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    kept = [to_numpy(each) for each in (layer.total, layer.mass)]
    layer.loss(LIKELIHOOD, ENTROPY, rewards(0.0), WRITTEN, training=False)
    for before, after in zip(kept, (layer.total, layer.mass), strict=True):
        np.testing.assert_array_equal(before, to_numpy(after))


def test_batches_without_words_have_a_loss():
    layer = RewardBaseline(momentum=0.8)
    layer.build((None, None))
    nothing = np.zeros_like(WRITTEN)
    found = to_numpy(layer.loss(LIKELIHOOD, ENTROPY, 0.0 * LIKELIHOOD, nothing))
    np.testing.assert_allclose(found, -0.002 * ENTROPY[:, 0], rtol=1e-5)


def test_it_passes_log_probabilities_on_and_starts_without_rewards():
    layer = RewardBaseline()
    np.testing.assert_array_equal(to_numpy(layer(LIKELIHOOD)), LIKELIHOOD)
    assert layer.trainable_weights == []
    assert [float(to_numpy(weight)) for weight in layer.weights] == [0.0, 0.0]
