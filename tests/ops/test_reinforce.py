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


@pytest.mark.parametrize("baseline", [(2,), (1, 3), (2, 1), (), (2, 3)])
@pytest.mark.parametrize("entropy", [(2,), (2, 1)])
def test_baselines_broadcast_and_entropies_are_of_examples(generator, baseline, entropy):
    likelihood, reward = generator.normal(size=(2, 2, 3)).astype("float32")
    baseline = generator.normal(size=baseline).astype("float32")
    entropy = generator.normal(size=entropy).astype("float32")
    found = to_numpy(reinforce_loss(likelihood, reward, baseline, entropy, entropy_weight=0.5))
    of_example = baseline[:, None] if baseline.shape == (2,) else baseline
    expected = -np.sum((reward - of_example) * likelihood, axis=1) - 0.5 * entropy.ravel()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    without = to_numpy(reinforce_loss(likelihood, reward, baseline, entropy))
    np.testing.assert_allclose(without, expected + 0.5 * entropy.ravel(), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entropy": np.zeros((2, 3))}, "`entropy` must be of shape"),
        ({"entropy": np.zeros((1, 1))}, "`entropy` must be of shape"),
        ({"baseline": np.zeros((3, 2))}, "`baseline` must be a number"),
        ({"baseline": np.zeros((1, 2, 3))}, "`baseline` must be a number"),
        ({"entropy_weight": np.inf}, "`entropy_weight` must be a finite number"),
        ({"entropy_weight": np.nan}, "`entropy_weight` must be a finite number"),
        ({"entropy_weight": "1"}, "`entropy_weight` must be a finite number"),
    ],
)
def test_other_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        reinforce_loss(np.zeros((2, 3)), np.zeros((2, 3)), **options)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (2, 3, 1)])
def test_probabilities_and_rewards_are_of_one_shape(shape):
    with pytest.raises(ValueError, match="`reward` must be of shape"):
        reinforce_loss(np.zeros((2, 3)), np.zeros(shape))
