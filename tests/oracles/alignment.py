"""Alignment attention as loops over examples, queries and values, in float64."""

import math

import numpy as np


def attend(score, query, value, value_mask=None):
    """Context and weights of `score(query_vector, key_vector)` or `(..., position)`.

    Args:
        score: a function of one query and one key.
        query: `(batch, queries, width)`.
        value: `(batch, values, width)`, the keys as well.
    """
    batch, queries = query.shape[:2]
    context = np.zeros((batch, queries, value.shape[-1]))
    weights = np.zeros((batch, queries, value.shape[1]))
    for b in range(batch):
        seen = [j for j in range(value.shape[1]) if value_mask is None or value_mask[b][j]]
        for i in range(queries):
            mass = {j: math.exp(score(query[b, i], value[b, j])) for j in seen}
            for j in seen:
                weights[b, i, j] = mass[j] / sum(mass.values())
                context[b, i] += weights[b, i, j] * value[b, j]
    return context, weights


def additive(scale, query_kernel, key_kernel, bias=0.0):
    """`vᵀ tanh(W s + U h + b)`."""
    return lambda query, key: float(np.tanh(query @ query_kernel + key @ key_kernel + bias) @ scale)


def bilinear(kernel):
    """`sᵀ W h`."""
    return lambda query, key: float(query @ kernel @ key)


def cosine(query, key):
    return float(query @ key / math.sqrt((query @ query) * (key @ key)))
