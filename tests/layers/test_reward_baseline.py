"""The moving average that REINFORCE compares its rewards with."""

import numpy as np
import pytest

from keras_attn.layers.reward_baseline import RewardBaseline
from tests.backend import to_numpy

pytestmark = pytest.mark.training


def test_rewards_are_compared_with_the_mean_of_a_word_so_far():
    layer = RewardBaseline(momentum=0.5, entropy_weight=0.1)
    layer.build((None, 1))
    likelihood, entropy = (np.array([[-1.0], [-2.0]]), np.array([[0.5], [0.25]]))
    counts = np.array([2.0, 4.0], "float32")
    # Three batches: their mean rewards of a word are -2, -3 and -1.
    baselines = [-2.0, -2.0, (0.25 * -2.0 + 0.5 * -3.0) / 0.75]
    for mean, baseline in zip((-2.0, -3.0, -1.0), baselines, strict=True):
        reward = np.array([2 * mean + 1.5, 4 * mean - 1.5], "float32")
        found = to_numpy(layer.loss(likelihood, entropy, reward, counts))
        expected = -(reward - counts * baseline) * likelihood[:, 0] - 0.1 * entropy[:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    kept = [to_numpy(each) for each in (layer.total, layer.mass)]
    layer.loss(likelihood, entropy, reward, counts, training=False)
    for before, after in zip(kept, (layer.total, layer.mass), strict=True):
        np.testing.assert_array_equal(before, to_numpy(after))
