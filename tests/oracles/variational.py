"""Terms of the variational bound, in nats, from the densities. Arrays are float64."""

import numpy as np

from tests.oracles.recurrent import sigmoid


def log_normal(x, mean, stddev):
    """`log N(x; μ, σ²)`, summed over all numbers."""
    stddev = stddev * np.ones_like(x)
    density = np.exp(-0.5 * ((x - mean) / stddev) ** 2) / (np.sqrt(2 * np.pi) * stddev)
    return np.sum(np.log(density))


def log_probability(x, canvas, likelihood, stddev):
    """`log p(x | z)` of one example: bits of these logits, or normal numbers of these means."""
    if likelihood == "gaussian":
        return log_normal(x, canvas, stddev)
    chance = sigmoid(canvas)
    return np.sum(x * np.log(chance) + (1 - x) * np.log(1 - chance))


def divergence(mean, stddev):
    """`D_KL(N(μ, σ²) || N(0, 1))`, summed over the numbers of one variable."""
    return sum(
        (m**2 + s**2 - 1) / 2 - np.log(s) for m, s in zip(mean.flat, stddev.flat, strict=True)
    )


def log_ratio(latent, mean, stddev):
    """`log p(z) - log q(z | x)`."""
    return log_normal(latent, 0.0, 1.0) - log_normal(latent, mean, stddev)


def log_mean(log_weights):
    """`log 1/S Σ_s w_s` of logarithms along the first axis."""
    return np.log(np.mean(np.exp(log_weights), axis=0))


def bound(beta, reconstruction, divergences):
    """Result of a training oracle: `-log p(x | z) + β D_KL`, the mean over the examples.

    Args:
        beta: `β`.
        reconstruction: `-log p(x | z)` of each example.
        divergences: `D_KL` of each example.
    """
    losses = np.array(reconstruction) + beta * np.array(divergences)
    return {
        "loss": losses.mean(),
        "losses": losses,
        "metrics": {"reconstruction": reconstruction, "kl_divergence": divergences},
    }


def shown(canvas, likelihood):
    """Mean of the likelihood."""
    return sigmoid(canvas) if likelihood == "bernoulli" else canvas


def fixed_draws(count, shape):
    """Standard normal numbers for methods that take noise or latent variables."""
    return np.random.default_rng(2).normal(size=(count, *shape)).astype("float32")


def sampled_draws(samples, count, shape):
    """The noise of `log_likelihood` with the seed 1: sample by sample."""
    return np.random.default_rng(1).normal(size=(samples, count, *shape))
