"""Losses of models that describe images, as loops over captions and words. Padding is 0.

Added losses are sums over the captions of a batch, divided by the number of words.
"""

import numpy as np


def log_likelihoods(logits, labels):
    """Returns `log p(y_t)` of every word, and 0 for padding."""
    found = np.zeros(labels.shape)
    for n, t in np.argwhere(labels != 0):
        found[n, t] = logits[n, t, labels[n, t]] - np.log(sum(np.exp(logits[n, t])))
    return found


def crossentropy(logits, labels):
    """The mean over the words of a batch."""
    return -log_likelihoods(logits, labels).sum() / np.count_nonzero(labels)


def doubly_stochastic(looks, labels, weight):
    """Xu et al., equation 14: `λ Σ_i (1 - Σ_t α_ti)²`."""
    total = sum(weight * (1 - place) ** 2 for caption in looks for place in sum(caption))
    return total / np.count_nonzero(labels)


def sparsity(looks, labels, weight):
    """You et al., equation 11 with p = 2 and q = 1/2.

    `g(α) = [Σ_i (Σ_t α_ti)²]^(1/2) + Σ_t [Σ_i α_ti^(1/2)]²`

    Args:
        looks: List of arrays `(captions, words, attributes)`, each with a penalty of its own.
    """
    total = 0.0
    for caption in (caption for each in looks for caption in each):
        total += np.sqrt(sum(attribute**2 for attribute in sum(caption)))
        total += sum(sum(np.sqrt(word)) ** 2 for word in caption)
    return weight * total / np.count_nonzero(labels)


def reinforce(p, found, labels, reward_weight=1.0, entropy_weight=0.002, to_go=True):
    """Xu et al., section 4.1: `-(λ_r log p(y) - b) log p(s) - λ_e H[s]`, with `b` of one word.

    `b_k` is the mean of the rewards of earlier batches, each of which counts 0.9 as much as the
    next. The first batch is its own baseline.

    Args:
        p: Dictionary with `Σb`, the sum of 0.1 of each of these rewards with its share, and `Σ1`,
            the sum of the same shares.
        found: Dictionary of the outputs.
        to_go: Boolean, whether a draw is rewarded for the words from its step on, or for all.

    Returns:
        Loss, and dictionary of `Σb` and `Σ1` afterwards.
    """
    rewards = reward_weight * log_likelihoods(found["logits"], labels)
    words = np.argwhere(labels != 0)
    mean = sum(rewards[n, t] for n, t in words) / len(words)
    baseline = p["Σb"] / p["Σ1"] if p["Σ1"] > 0 else mean
    loss = -entropy_weight * found["entropy"].sum()
    for n, t in words:
        draws = found["log_probability"][n, t if to_go else -1]
        loss -= (rewards[n, t] - baseline) * draws
    return loss / len(words), {"Σb": 0.9 * p["Σb"] + 0.1 * mean, "Σ1": 0.9 * p["Σ1"] + 0.1}


def binary_crossentropy(probability, labels):
    """The mean over images and attributes."""
    chosen = np.where(labels == 1, probability, 1 - probability)
    return -np.log(chosen).mean()
