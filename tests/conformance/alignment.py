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
from tests.conformance import alignment_oracles as oracles
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
# `randomise` keeps the initial values of vectors, which have to be the same each time.
SEEDED = {"class_name": "GlorotUniform", "config": {"seed": 1}}
# Three values of one example are not padding, none of the other.
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


def general():
    """Returns the layer whose scores the wrappers use in these tests."""
    return LuongAttention("general", name="score")


REMEMBERS = {"return_attention_scores": True, "return_state": True}

ALIGNMENT = [
    case(
        BahdanauAttention,
        arguments={"units": 7, "scale_initializer": "ones"},
        expected=oracles.bahdanau,
        refuses=({"units": 0}, {"units": 2.5}, {"dropout": 1.0}, {"dropout": -0.1}),
    ),
    case(
        BahdanauAttention,
        name="normalized",
        arguments={"units": 7, "scale_initializer": "ones", "use_bias": True, "normalize": True},
        expected=oracles.normalized_bahdanau,
    ),
    case(
        BahdanauAttention,
        name="one-step",
        arguments={"units": 7, "scale_initializer": "ones", "kernel_regularizer": "l2"},
        inputs={"query": (3, 4), "value": (3, 5, 6)},
        call={},
        mask={"value": np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], "bool")},
        variable={"value": (1,)},
        expected=oracles.one_context,
        nasty={},
        refuses_inputs=({"value": (2, 5, 6)}, {"query": (3,)}),
    ),
    case(
        BahdanauAttention,
        name="dropout",
        arguments={"units": 7, "scale_initializer": "ones", "dropout": 0.5, "seed": 1},
        inputs={"query": (2, 3, 4), "value": (2, 5, 6), "key": (2, 5, 3)},
        expected=oracles.bahdanau_of_keys,
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
        expected=oracles.luong_concat,
    ),
    case(
        ContentAttention,
        arguments={"strength": 2.0},
        expected=oracles.content,
        refuses=({"strength": 0.0}, {"strength": -1.0}),
    ),
    case(
        ContentAttention,
        name="unprojected",
        arguments={"project_query": False},
        inputs=SAME_WIDTH,
        expected=oracles.content,
        nasty={},
        refuses_inputs=({"query": (2, 3, 5)},),
    ),
    case(
        LocationAttention,
        arguments={"max_length": 8},
        expected=oracles.location,
        refuses=({"max_length": 0},),
        refuses_inputs=(*MISFITS, {"value": (2, 9, 6)}),
    ),
    case(
        CoverageAttention,
        arguments={"units": 7, "scale_initializer": "ones"},
        call=REMEMBERS,
        expected=oracles.coverage,
        refuses=({"units": -1}, {"loss_weight": -0.5}),
        float32=(2,),
    ),
    case(
        LocalAttention,
        name="predictive",
        arguments={"attention": general(), "window_radius": 2, "units": 3},
        expected=oracles.local_predictive,
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
        expected=oracles.local_monotonic,
        counts_padding=(2,),
        refuses=({"units": 3},),
        float32=(2,),
    ),
    case(
        MonotonicAttention,
        arguments={"attention": general(), "score_bias": -0.5},
        expected=oracles.monotonic,
        refuses=({"mode": "soft"}, {"sigmoid_noise": -1.0}, {"attention": CoverageAttention(3)}),
    ),
    case(
        MonotonicAttention,
        name="parallel",
        arguments={"attention": general(), "mode": "parallel"},
        expected=oracles.monotonic,
    ),
    case(
        MonotonicAttention,
        name="hard-at-inference",
        arguments={"attention": general(), "hard_at_inference": True, "sigmoid_noise": 1.0},
        call=REMEMBERS,
        expected=oracles.hard_monotonic,
        float32=(2,),
        stochastic=True,
    ),
    case(
        HardAttention,
        arguments={"attention": general()},
        call=REMEMBERS,
        expected=oracles.most_likely,
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
        expected=oracles.most_likely,
        float32=(2, 3),
        stochastic=True,
        nasty={},
    ),
    case(
        HardAttention,
        name="gumbel",
        arguments={"attention": general(), "temperature": 0.7, "expectation_rate": 0.5},
        expected=lambda *arrays, **named: oracles.most_likely(*arrays, **named)[:2],
        stochastic=True,
        nasty={},
    ),
    case(SemanticAttention, expected=oracles.semantic, refuses=({"dropout": 1.0},)),
]
