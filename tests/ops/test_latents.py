"""KL divergence and log-probability of Gaussian and Bernoulli variables."""

import math

import numpy as np

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
