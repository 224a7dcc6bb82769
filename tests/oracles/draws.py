"""Attention of a training pass, from the random numbers that were drawn, in float64."""

import numpy as np


def dropped(weights, numbers, rate):
    """Drops weights whose number is below the rate; the others grow by `1 / (1 - rate)`."""
    found = np.zeros(weights.shape)
    for place in np.ndindex(*weights.shape):
        if numbers[place] >= rate:
            found[place] = weights[place] / (1.0 - rate)
    return found


def drawn_locations(distribution, numbers):
    """Draws a location of each distribution by the maximum of `log α_j + g_j`.

    Args:
        distribution: `α`, `(batch, queries, values)`.
        numbers: Uniform numbers of `g_j = -log(-log u_j)`, like `distribution`.

    Returns:
        One at each drawn location, and `log α + g`, both like `distribution`.
    """
    noise = -np.log(-np.log(np.clip(numbers.astype("float64"), 1e-30, 1.0 - 1e-7)))
    with np.errstate(divide="ignore"):
        perturbed = np.log(distribution) + noise
    found = np.zeros(distribution.shape)
    for b, i in np.ndindex(*distribution.shape[:2]):
        found[b, i, np.argmax(perturbed[b, i])] = 1.0
    return found, perturbed


def hard_attention(distribution, numbers, coins, rate):
    """Hard attention of Xu et al.: draws, or the distribution where the coin says so.

    Args:
        distribution, numbers: See `drawn_locations`.
        coins: Uniform numbers, `(batch, queries, 1)`.
        rate: How often `s̃` is `α`.

    Returns:
        `s̃`, `log p(s̃ given a)` of what was drawn, and `H[s̃]`, both `(batch, 1)`.
    """
    draws, _ = drawn_locations(distribution, numbers)
    likelihood, entropy = np.zeros((2, len(distribution), 1))
    for b, i in np.ndindex(*distribution.shape[:2]):
        seen = distribution[b, i][distribution[b, i] > 0.0]
        entropy[b] -= np.sum(seen * np.log(seen))
        if coins[b, i, 0] < rate:
            draws[b, i] = distribution[b, i]
        else:
            likelihood[b] += np.log(distribution[b, i, np.argmax(draws[b, i])])
    return draws, likelihood, entropy


def tempered(perturbed, temperature):
    """The relaxed draw of the Gumbel softmax, `softmax((log α + g) / τ)`."""
    mass = np.exp((perturbed - perturbed.max(axis=-1, keepdims=True)) / temperature)
    return mass / mass.sum(axis=-1, keepdims=True)
