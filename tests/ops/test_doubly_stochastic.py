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
    with pytest.raises(ValueError, match="`reduction` must be one of"):
        doubly_stochastic_loss(weights, reduction="max")
