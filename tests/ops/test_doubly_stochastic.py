"""The penalty for places that are looked at too much or too little."""

import numpy as np
import pytest

from keras_attn.ops import doubly_stochastic_loss
from tests.backend import to_numpy


@pytest.fixture
def weights(generator):
    return generator.dirichlet(np.ones(6), size=(2, 4)).astype("float32")


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_it_is_the_loop(weights, reduction):
    mask = np.array([[True, True, False, True], [False] * 4])
    target = np.array([0.5, 2.0], "float32")
    for options, runs, goal in (
        ({}, np.ones((2, 4), "bool"), np.ones(2)),
        ({"query_mask": mask, "target": target}, mask, target),
    ):
        expected = np.zeros(2)
        for b in range(2):
            for place in range(6):
                seen = sum(float(weights[b, t, place]) for t in range(4) if runs[b, t])
                expected[b] += (goal[b] - seen) ** 2 / (6 if reduction == "mean" else 1)
        found = to_numpy(doubly_stochastic_loss(weights, reduction=reduction, **options))
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        folded = weights.reshape(2, 4, 2, 3)
        found = to_numpy(doubly_stochastic_loss(folded, reduction=reduction, **options))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_other_ranks_and_reductions_are_refused(weights):
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        doubly_stochastic_loss(weights[0])
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        doubly_stochastic_loss(weights[:, :, None, None])
    with pytest.raises(ValueError, match="`reduction` must be one of"):
        doubly_stochastic_loss(weights, reduction="max")


@pytest.mark.training
def test_without_queries_or_places():
    target = np.array([2.0, 3.0], "float32")
    for shape, expected in (
        ((2, 0, 5), 5 * target**2),
        ((2, 4, 0), [0, 0]),
        ((2, 4, 0, 3), [0, 0]),
    ):
        loss = doubly_stochastic_loss(np.ones(shape, "float32"), target=target)
        np.testing.assert_allclose(to_numpy(loss), expected)


def test_a_target_may_be_one_for_all(weights):
    expected = to_numpy(doubly_stochastic_loss(weights, target=np.array([2.5, 2.5])))
    for target in (2.5, np.array([2.5], "float32"), np.float32(2.5)):
        found = to_numpy(doubly_stochastic_loss(weights, target=target))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
