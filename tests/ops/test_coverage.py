"""The coverage loss of summarization models."""

import numpy as np
import pytest

from keras_attn.ops import coverage_loss
from tests.backend import to_numpy
from tests.oracles import translation as oracle


def test_equals_the_loop(generator):
    weights = generator.dirichlet(np.ones(5), size=(2, 4)).astype("float32")
    runs = np.array([[True] * 4, [True, True, False, True], [False] * 4])
    for counts in runs:
        mask = np.stack([counts, runs[0]])
        expected = [
            oracle.coverage_loss(weights[b : b + 1], mask[b : b + 1]) if mask[b].any() else 0.0
            for b in range(2)
        ]
        np.testing.assert_allclose(to_numpy(coverage_loss(weights, mask)), expected, rtol=1e-5)
    every = [oracle.coverage_loss(each[None], runs[:1]) for each in weights]
    np.testing.assert_allclose(to_numpy(coverage_loss(weights)), every, rtol=1e-5)


def test_weights_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        coverage_loss(np.ones((4, 5)))
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        coverage_loss(np.ones((2, 4, 5, 3)))


@pytest.mark.training
def test_without_queries_the_loss_is_zero():
    np.testing.assert_array_equal(to_numpy(coverage_loss(np.ones((2, 0, 5), "float32"))), [0, 0])
