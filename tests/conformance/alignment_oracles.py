"""Outputs of the alignment layers, from their weights and inputs."""

import math

import numpy as np

from tests.oracles import alignment as oracle


def bahdanau(weights, query, value):
    return oracle.attend(
        oracle.additive(
            weights["scale"],
            weights["query_projection/kernel"],
            weights["key_projection/kernel"],
        ),
        query,
        value,
    )


def bahdanau_of_keys(weights, query, value, key):
    _, attention = bahdanau(weights, query, key)
    return attention @ value, attention


def normalized_bahdanau(weights, query, value):
    scale = weights["scale"].astype("float64")
    return oracle.attend(
        oracle.additive(
            weights["gain"] * scale / math.sqrt(sum(scale**2)),
            weights["query_projection/kernel"],
            weights["key_projection/kernel"],
            weights["query_projection/bias"],
        ),
        query,
        value,
    )


def luong_concat(weights, query, value):
    """The score is of the concatenation of the two vectors, as in the paper."""
    kernel = np.concatenate(
        [weights["query_projection/kernel"], weights["key_projection/kernel"]]
    ).astype("float64")

    def score(query, key):
        return float(np.tanh(np.concatenate([query, key]) @ kernel) @ weights["scale"])

    return oracle.attend(score, query, value)


def content(weights, query, value):
    strength = math.exp(weights["log_strength"])
    kernel = weights.get("query_projection/kernel", np.eye(query.shape[-1])).astype("float64")
    return oracle.attend(
        lambda query, key: strength * oracle.cosine(query @ kernel, key), query, value
    )


def location(weights, query, value):
    """A softmax over the first of eight positions, which does not depend on the values."""
    scores = query.astype("float64") @ weights["kernel"][:, : value.shape[1]]
    mass = np.exp(scores)
    attention = mass / mass.sum(axis=-1, keepdims=True)
    return attention @ value, attention


def one_context(weights, query, value):
    """A query of one step, without weights."""
    return bahdanau(weights, query[:, None], value)[0][:, 0]


def coverage(weights, query, value):
    attention, seen = oracle.covered(
        weights["scale"],
        weights["query_projection/kernel"],
        weights["key_projection/kernel"],
        weights["coverage_scale"],
        query,
        value,
    )
    return attention @ value, attention, seen


def semantic(weights, query, value):
    context, seen = oracle.attend(oracle.bilinear(weights["query_projection/kernel"]), query, value)
    return context * weights["scale"], seen


def general_scores(weights):
    return oracle.bilinear(weights["score/query_projection/kernel"])


def stops(weights, query, value):
    """Probabilities to stop, `(batch, queries, values)`."""
    score = general_scores(weights)
    energy = np.zeros((*query.shape[:2], value.shape[1]))
    for b, i, j in np.ndindex(*energy.shape):
        energy[b, i, j] = score(query[b, i], value[b, j])
    return 1 / (1 + np.exp(-(energy + weights["bias"])))


def monotonic(weights, query, value):
    attention = np.stack([oracle.monotonic(each) for each in stops(weights, query, value)])
    return attention @ value, attention


def hard_monotonic(weights, query, value):
    attention = np.stack([oracle.hard_monotonic(each) for each in stops(weights, query, value)])
    return attention @ value, attention, attention[:, -1]


def local_monotonic(weights, query, value):
    centre = np.tile(np.arange(query.shape[1]), (len(query), 1))
    attention = oracle.window(general_scores(weights), centre, 1, query, value, gaussian=False)
    return attention @ value, attention, np.full((len(query), 1), query.shape[1])


def local_predictive(weights, query, value):
    hidden = np.tanh(query @ weights["position_projection/kernel"])
    share = 1 / (1 + np.exp(-(hidden @ weights["position_scale/kernel"])[..., 0]))
    centre = value.shape[1] * share
    attention = oracle.window(general_scores(weights), centre, 2, query, value, gaussian=True)
    return attention @ value, attention


def most_likely(weights, query, value):
    _, distribution = oracle.attend(general_scores(weights), query, value)
    attention = np.eye(value.shape[1])[np.argmax(distribution, axis=-1)]
    entropy = -np.sum(distribution * np.log(distribution), axis=(1, 2))
    return attention @ value, attention, np.zeros((len(query), 1)), entropy[:, None]
