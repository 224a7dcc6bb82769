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


def softmax(scores, seen=None):
    """Computes the softmax over the positions in `seen`; zeros elsewhere."""
    seen = range(len(scores)) if seen is None else seen
    mass = np.zeros(len(scores))
    for j in seen:
        mass[j] = math.exp(scores[j])
    return mass / max(mass.sum(), 1e-300)


def covered(scale, query_kernel, key_kernel, coverage_scale, query, value):
    """Weights of additive scores with coverage, and the coverage after the last query."""
    weights = np.zeros((*query.shape[:2], value.shape[1]))
    coverage = np.zeros(weights.shape[::2])
    for b, i in np.ndindex(*query.shape[:2]):
        scores = [
            float(np.tanh(query[b, i] @ query_kernel + h @ key_kernel + c * coverage_scale) @ scale)
            for h, c in zip(value[b], coverage[b], strict=True)
        ]
        weights[b, i] = softmax(scores)
        coverage[b] += weights[b, i]
    return weights, coverage


def monotonic(probability):
    """Weights of stop probabilities `(queries, values)`: a sum over all paths through the memory.

    A path is the value at which each query stops; it ends with a query that passes all values.
    """
    queries, values = probability.shape
    weights = np.zeros((queries, values))

    def go(query, start, chance):
        if query == queries:
            return
        for stop in range(start, values):
            passed = math.prod(1 - probability[query, start:stop])
            arrives = chance * passed * probability[query, stop]
            weights[query, stop] += arrives
            go(query + 1, stop, arrives)

    go(0, 0, 1.0)
    return weights


def hard_monotonic(probability):
    """Each query stops at the first probability above a half, from the last stop on."""
    weights = np.zeros(probability.shape)
    start = 0
    for query, row in enumerate(probability):
        stops = [j for j in range(start, len(row)) if row[j] > 0.5]
        if not stops:
            break
        start = stops[0]
        weights[query, start] = 1.0
    return weights


def window(score, centre, width, query, value, gaussian):
    """Weights within `width` of the centre of each query, times a Gaussian if asked."""
    weights = np.zeros((*query.shape[:2], value.shape[1]))
    for b, i in np.ndindex(*query.shape[:2]):
        places = np.arange(value.shape[1])
        seen = [j for j in places if abs(j - centre[b, i]) <= width]
        weights[b, i] = softmax([score(query[b, i], h) for h in value[b]], seen)
        if gaussian:
            weights[b, i] *= np.exp(-((places - centre[b, i]) ** 2) / (2 * (width / 2) ** 2))
    return weights


def spatial_channel(weights, query, places, order, rescale=False, seen=None):
    """SCA-CNN for one query: weights of the places, of the channels, and the modulated places.

    Args:
        weights: by their paths, `spatial/scale` and so on.
        query: `(width,)`.
        places: `(places, channels)`.
        order: branches in their order, `"channel_spatial"` say.
        seen: the places that are not masked.
    """
    seen = list(range(len(places)) if seen is None else seen)
    modulated = np.zeros(places.shape)
    modulated[seen] = places[seen]
    found = {"spatial": None, "channel": None}

    def score(branch, features):
        return additive(
            weights[f"{branch}/scale"],
            weights[f"{branch}/query_projection/kernel"],
            weights[f"{branch}/key_projection/kernel"],
            weights[f"{branch}/query_projection/bias"],
        )(query, features)

    for branch in order.split("_"):
        if branch == "spatial":
            found[branch] = softmax([score(branch, place) for place in modulated], seen)
            for i in range(len(places)):
                modulated[i] *= found[branch][i] * (len(seen) if rescale else 1)
        else:
            means = [sum(modulated[i, c] for i in seen) / len(seen) for c in range(places.shape[1])]
            found[branch] = softmax([score(branch, np.array([mean])) for mean in means])
            for c in range(places.shape[1]):
                modulated[:, c] *= found[branch][c] * (places.shape[1] if rescale else 1)
    return found["spatial"], found["channel"], modulated
