"""KL divergence and log-probability of Gaussian and Bernoulli variables."""

import math

import numpy as np
import pytest

from keras_attn.ops import (
    bernoulli_log_probability,
    gaussian_kl_divergence,
    gaussian_log_probability,
)
from tests.backend import to_numpy


def test_the_divergence_of_the_prior_is_zero():
    zeros = np.zeros((3, 7), "float32")
    np.testing.assert_array_equal(to_numpy(gaussian_kl_divergence(zeros, zeros)), 0.0)


def test_the_divergence_is_the_closed_form(generator):
    """For every latent number: the paper's `T / 2` is for one number and `T` steps."""
    mean, log_stddev = generator.normal(size=(2, 2, 5, 3)).astype("float32")
    expected = np.zeros((2, 5))
    for place in np.ndindex(2, 5):
        for m, s in zip(mean[place].tolist(), log_stddev[place].tolist(), strict=True):
            expected[place] += 0.5 * (m * m + math.exp(2 * s) - 1) - s
    np.testing.assert_allclose(
        to_numpy(gaussian_kl_divergence(mean, log_stddev)), expected, rtol=1e-5
    )


def test_the_divergence_is_the_mean_of_the_log_ratio(generator):
    mean, log_stddev = np.array([[0.7, -1.2]]), np.array([[-0.4, 0.3]])
    draws = mean + np.exp(log_stddev) * generator.normal(size=(200_000, 2))
    zeros = np.zeros_like(draws)
    ratio = to_numpy(gaussian_log_probability(draws, mean + zeros, log_stddev + zeros)) - to_numpy(
        gaussian_log_probability(draws, zeros, zeros)
    )
    error = 4 * ratio.std() / math.sqrt(len(ratio))
    exact = to_numpy(gaussian_kl_divergence(mean, log_stddev)).item()
    assert abs(ratio.mean() - exact) < error


def test_bits_have_the_log_probability_of_the_loop(generator):
    bits = generator.integers(0, 2, (2, 5)).astype("float32")
    logits = (4 * generator.normal(size=(2, 5))).astype("float32")
    expected = np.zeros(2)
    for n in range(2):
        for bit, logit in zip(bits[n], logits[n].astype("float64"), strict=True):
            one = 1 / (1 + math.exp(-logit))
            expected[n] += math.log(one if bit else 1 - one)
    np.testing.assert_allclose(
        to_numpy(bernoulli_log_probability(bits, logits)), expected, rtol=1e-4
    )


def test_means_and_deviations_broadcast_to_the_value(generator):
    value = generator.normal(size=(5, 3)).astype("float32")
    mean, log_stddev = generator.normal(size=3).astype("float32"), np.array([-0.5], "float32")
    found = to_numpy(gaussian_log_probability(value, mean, log_stddev))
    deviation = (value - mean) / np.exp(-0.5)
    density = np.exp(-0.5 * deviation.astype("float64") ** 2) / np.sqrt(2 * np.pi) / np.exp(-0.5)
    np.testing.assert_allclose(found, np.log(density).sum(axis=-1), rtol=1e-4)
    divergence = to_numpy(gaussian_kl_divergence(value, log_stddev))
    each = 0.5 * (value**2 + np.exp(-1.0) - 1.0) + 0.5
    np.testing.assert_allclose(divergence, each.sum(axis=-1), rtol=1e-5)


@pytest.mark.parametrize(
    ("function", "shapes", "name"),
    [
        (gaussian_log_probability, ((3,), (5, 3), (3,)), "mean"),
        (gaussian_log_probability, ((5, 3), (5, 3), (5, 2)), "log_stddev"),
        (gaussian_kl_divergence, ((3,), (5, 3)), "log_stddev"),
        (gaussian_kl_divergence, ((), ()), "mean"),
        (bernoulli_log_probability, ((5, 3), (5, 2)), "logits"),
        (bernoulli_log_probability, ((3,), (5, 3)), "logits"),
    ],
)
def test_other_shapes_are_refused(function, shapes, name):
    with pytest.raises(ValueError, match=f"`{name}` must be of a shape"):
        function(*map(np.zeros, shapes))


def test_values_between_0_and_1_are_weighted():
    found = to_numpy(bernoulli_log_probability(np.array([[0.25, 1.0]]), np.array([[2.0, -1.0]])))
    one = 1 / (1 + np.exp(-np.array([2.0, -1.0])))
    expected = 0.25 * np.log(one[0]) + 0.75 * np.log(1 - one[0]) + np.log(one[1])
    np.testing.assert_allclose(found, [expected], rtol=1e-5)
