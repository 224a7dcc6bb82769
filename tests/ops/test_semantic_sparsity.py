"""The penalty for attention that is spread over attributes."""

import numpy as np
import pytest

from keras_attn.ops import semantic_sparsity_loss
from tests.backend import gradients, to_numpy


@pytest.fixture
def weights(generator):
    return generator.dirichlet(np.ones(6), size=(2, 4)).astype("float32")


@pytest.mark.parametrize(("p", "q"), [(2.0, 0.5), (3.0, 0.8)])
def test_it_is_the_loop(weights, p, q):
    mask = np.array([[True, True, False, True], [True] * 4])
    for runs in (None, mask):
        counts = np.ones((2, 4), "bool") if runs is None else runs
        expected = []
        for b in range(2):
            steps = [weights[b, t].astype("float64") for t in range(4) if counts[b, t]]
            whole = sum(sum(step[i] for step in steps) ** p for i in range(6)) ** (1 / p)
            each = sum(sum(step[i] ** q for i in range(6)) ** (1 / q) for step in steps)
            expected.append(whole + each)
        found = to_numpy(semantic_sparsity_loss(weights, query_mask=runs, p=p, q=q))
        np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("p", [1e3, 1e30])
def test_large_powers_take_the_largest_sum(weights, p):
    weights = 40.0 * weights  # powers of their sums are beyond float32
    steps = np.square(np.sqrt(weights).sum(axis=-1)).sum(axis=-1)
    found = to_numpy(semantic_sparsity_loss(weights, p=p))
    np.testing.assert_allclose(found, weights.sum(axis=1).max(axis=-1) + steps, rtol=1e-4)
    (slope,), _ = gradients(lambda x: semantic_sparsity_loss(x, p=p), [weights])
    assert np.all(np.isfinite(slope))


@pytest.mark.training
@pytest.mark.parametrize("weights", [np.zeros((2, 3, 4)), np.eye(4)[None], np.zeros((1, 0, 4))])
def test_weights_of_zero_and_one_have_finite_gradients(weights):
    weights = weights.astype("float32")
    found = to_numpy(semantic_sparsity_loss(weights))
    # Of an identity each word and each attribute has one of the other.
    np.testing.assert_allclose(found, 6.0 if weights.sum() else 0.0, atol=1e-3)
    (slope,), _ = gradients(semantic_sparsity_loss, [weights])
    assert np.all(np.isfinite(slope))


def test_other_ranks_and_powers_are_refused(weights):
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        semantic_sparsity_loss(weights[0])
    with pytest.raises(ValueError, match="`weights` must be of rank 3"):
        semantic_sparsity_loss(weights[..., None])
    for p in (1.0, 0.5, np.inf):
        with pytest.raises(ValueError, match="`p` must be above 1"):
            semantic_sparsity_loss(weights, p=p)
    for q in (0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match="`q` must be in"):
            semantic_sparsity_loss(weights, q=q)


@pytest.mark.training
def test_without_queries_or_attributes_the_loss_is_zero():
    for shape in ((2, 0, 4), (2, 3, 0)):
        loss = to_numpy(semantic_sparsity_loss(np.ones(shape, "float32")))
        np.testing.assert_allclose(loss, [0, 0], atol=1e-6)
