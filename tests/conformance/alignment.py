"""Cases of the alignment layers."""

import math

import numpy as np

from keras_attn import (
    BahdanauAttention,
    ContentAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LocationAttention,
    LuongAttention,
    MonotonicAttention,
    SemanticAttention,
)
from tests.conformance.case import LayerCase
from tests.oracles import alignment as oracle

NASTY = {
    "zeros": {"query": np.zeros((2, 3, 4), "float32"), "value": np.zeros((2, 5, 6), "float32")},
    "large": {
        "query": np.full((2, 3, 4), 1e4, "float32"),
        "value": np.full((2, 5, 6), -1e4, "float32"),
    },
    "one value": {"value": (2, 1, 6)},
    "one query": {"query": (2, 1, 4)},
}
# Vectors keep their start in these tests, so it has to be the same each time.
SEEDED = {"class_name": "GlorotUniform", "config": {"seed": 1}}
# One example sees three of its values, the other none.
MASK = {"value": np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], "bool")}
MISFITS = (
    {"query": (2, 4, 3, 4)},
    {"value": (2, 6)},
    {"value": (3, 5, 6)},
)
SAME_WIDTH = {"query": (2, 3, 6), "value": (2, 5, 6)}


def case(layer, *, nasty=NASTY, **changes):
    """Makes a case with the common defaults."""
    return LayerCase(
        **{
            "layer": layer,
            "inputs": {"query": (2, 3, 4), "value": (2, 5, 6)},
            "call": {"return_attention_scores": True},
            "mask": MASK,
            "variable": {"query": (1,), "value": (1,)},
            "nasty": nasty,
            "refuses_inputs": MISFITS,
            **changes,
        }
    )


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
    """Over the two vectors as one, as the paper writes it."""
    kernel = np.concatenate(
        [weights["query_projection/kernel"], weights["key_projection/kernel"]]
    ).astype("float64")

    def score(query, key):
        return float(np.tanh(np.concatenate([query, key]) @ kernel) @ weights["scale"])

    return oracle.attend(score, query, value)


def content(weights, query, value):
    strength = math.exp(weights["log_strength"])
    kernel = weights["query_projection/kernel"].astype("float64")
    return oracle.attend(
        lambda query, key: strength * oracle.cosine(query @ kernel, key), query, value
    )


def location(weights, query, value):
    """A softmax over the first of eight positions, whatever stands there."""
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


def general():
    """The layer whose scores the wrappers use in these tests."""
    return LuongAttention("general", name="score")


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


REMEMBERS = {"return_attention_scores": True, "return_state": True}

ALIGNMENT = [
    case(
        BahdanauAttention,
        arguments={"units": 7, "scale_initializer": "ones"},
        expected=bahdanau,
        refuses=({"units": 0}, {"units": 2.5}, {"dropout": 1.0}, {"dropout": -0.1}),
    ),
    case(
        BahdanauAttention,
        name="normalized",
        arguments={"units": 7, "scale_initializer": "ones", "use_bias": True, "normalize": True},
        expected=normalized_bahdanau,
    ),
    case(
        BahdanauAttention,
        name="one-step",
        arguments={"units": 7, "scale_initializer": "ones", "kernel_regularizer": "l2"},
        inputs={"query": (3, 4), "value": (3, 5, 6)},
        call={},
        mask={"value": np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], "bool")},
        variable={"value": (1,)},
        expected=one_context,
        nasty={},
        refuses_inputs=({"value": (2, 5, 6)}, {"query": (3,)}),
    ),
    case(
        BahdanauAttention,
        name="dropout",
        arguments={"units": 7, "scale_initializer": "ones", "dropout": 0.5, "seed": 1},
        inputs={"query": (2, 3, 4), "value": (2, 5, 6), "key": (2, 5, 3)},
        mask={},
        variable={"query": (1,)},
        nasty={},
        refuses_inputs=({"key": (2, 4, 3)},),
        stochastic=True,
    ),
    case(
        LuongAttention,
        name="dot",
        arguments={"score": "dot"},
        inputs=SAME_WIDTH,
        expected=lambda weights, query, value: oracle.attend(
            oracle.bilinear(np.eye(6)), query, value
        ),
        refuses=({"score": "cosine"}, {"units": 3}, {"score": "concat", "units": 0}),
        refuses_inputs=({"query": (2, 3, 5)},),
        nasty={},
    ),
    case(
        LuongAttention,
        name="scaled-dot",
        arguments={"score": "scaled_dot", "use_scale": True},
        inputs=SAME_WIDTH,
        expected=lambda weights, query, value: oracle.attend(
            oracle.bilinear(weights["gain"] * np.eye(6) / math.sqrt(6)), query, value
        ),
        refuses_inputs=({"query": (2, 3, 5)},),
        nasty={},
    ),
    case(
        LuongAttention,
        name="general",
        arguments={"score": "general"},
        expected=lambda weights, query, value: oracle.attend(
            oracle.bilinear(weights["query_projection/kernel"]), query, value
        ),
    ),
    case(
        LuongAttention,
        name="concat",
        arguments={"score": "concat", "units": 7, "kernel_initializer": SEEDED},
        expected=luong_concat,
    ),
    case(
        ContentAttention,
        arguments={"strength": 2.0},
        expected=content,
        refuses=({"strength": 0.0}, {"strength": -1.0}),
    ),
    case(
        ContentAttention,
        name="unprojected",
        arguments={"project_query": False},
        inputs=SAME_WIDTH,
        nasty={},
        refuses_inputs=({"query": (2, 3, 5)},),
    ),
    case(
        LocationAttention,
        arguments={"max_length": 8},
        expected=location,
        refuses=({"max_length": 0},),
        refuses_inputs=(*MISFITS, {"value": (2, 9, 6)}),
    ),
    case(
        CoverageAttention,
        arguments={"units": 7, "scale_initializer": "ones"},
        call=REMEMBERS,
        expected=coverage,
        refuses=({"units": -1}, {"loss_weight": -0.5}),
        float32=(2,),
    ),
    case(
        LocalAttention,
        name="predictive",
        arguments={"attention": general(), "window_radius": 2, "units": 3},
        expected=local_predictive,
        refuses=(
            {"attention": None},
            {"window_radius": 0},
            {"alignment": "diagonal"},
            {"units": 0},
        ),
    ),
    case(
        LocalAttention,
        name="monotonic",
        arguments={"attention": general(), "window_radius": 1, "alignment": "monotonic"},
        call=REMEMBERS,
        expected=local_monotonic,
        counts_padding=(2,),
        refuses=({"units": 3},),
        float32=(2,),
    ),
    case(
        MonotonicAttention,
        arguments={"attention": general(), "score_bias": -0.5},
        expected=monotonic,
        refuses=({"mode": "soft"}, {"sigmoid_noise": -1.0}, {"attention": CoverageAttention(3)}),
    ),
    case(
        MonotonicAttention,
        name="parallel",
        arguments={"attention": general(), "mode": "parallel"},
        expected=monotonic,
    ),
    case(
        MonotonicAttention,
        name="hard-at-inference",
        arguments={"attention": general(), "hard_at_inference": True, "sigmoid_noise": 1.0},
        call=REMEMBERS,
        expected=hard_monotonic,
        float32=(2,),
        stochastic=True,
    ),
    case(
        HardAttention,
        arguments={"attention": general()},
        call=REMEMBERS,
        expected=most_likely,
        refuses=(
            {"estimator": "none"},
            {"inference": "sample"},
            {"temperature": 0.0},
            {"temperature": 1.0, "estimator": "reinforce"},
            {"expectation_rate": 1.5},
        ),
        float32=(2, 3),
        stochastic=True,
    ),
    case(
        HardAttention,
        name="reinforce",
        arguments={"attention": general(), "estimator": "reinforce", "seed": 1},
        call=REMEMBERS,
        expected=most_likely,
        float32=(2, 3),
        stochastic=True,
        nasty={},
    ),
    case(
        HardAttention,
        name="gumbel",
        arguments={"attention": general(), "temperature": 0.7, "expectation_rate": 0.5},
        stochastic=True,
        nasty={},
    ),
    case(SemanticAttention, expected=semantic, refuses=({"dropout": 1.0},)),
]
