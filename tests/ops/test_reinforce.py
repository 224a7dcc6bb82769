"""The REINFORCE loss and its gradients."""

import numpy as np
import pytest

from keras_attn.ops import reinforce_loss
from tests.backend import gradients, to_numpy


@pytest.mark.training
def test_the_gradient_reaches_the_draws_and_the_entropy_alone(generator):
    likelihood, reward, baseline = generator.normal(size=(3, 2, 4)).astype("float32")
    entropy = generator.normal(size=(2, 1)).astype("float32")

    def loss(*arrays):
        return reinforce_loss(*arrays, entropy_weight=0.25)

    found = to_numpy(loss(likelihood, reward, baseline, entropy))
    expected = -0.25 * entropy[:, 0]
    for b, t in np.ndindex(2, 4):
        expected[b] -= (reward[b, t] - baseline[b, t]) * likelihood[b, t]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    slopes, _ = gradients(loss, [likelihood, reward, baseline, entropy])
    # `gradients` differentiates the sum of the squares.
    outer = 2 * expected[:, None]
    wanted = [-outer * (reward - baseline), 0 * reward, 0 * baseline, -0.25 * outer]
    for slope, each in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(slope, each, rtol=1e-4, atol=1e-5)


def test_arguments_may_be_columns_and_rows():
    column, row = np.array([[0.5], [2.0]], "float32"), np.array([1.0, -1.0], "float32")
    found = to_numpy(reinforce_loss(column, row, baseline=0.5, entropy=column, entropy_weight=0.1))
    np.testing.assert_allclose(found, [-0.5 * 0.5 - 0.05, 1.5 * 2.0 - 0.2], atol=1e-6)


def test_rewards_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="`reward` must be of shape"):
        reinforce_loss(np.zeros((2, 3), "float32"), np.zeros(2, "float32"))
