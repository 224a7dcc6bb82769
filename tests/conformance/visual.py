"""Cases of the layers that attend to the places of an image."""

import numpy as np

from keras_attn import (
    AdaptiveAttention,
    SentinelLSTMCell,
    SpatialChannelAttention,
    VisualAttention,
)
from tests.conformance import alignment
from tests.conformance.alignment import SEEDED
from tests.conformance.case import LayerCase
from tests.oracles import alignment as oracle
from tests.oracles.recurrent import lstm, sigmoid

MAP = (2, 3, 4, 6)
SEEN = np.zeros((2, 3, 4), "bool")
SEEN[0, 1:, ::2] = True
MISFITS = (
    {"query": (2, 4, 3, 4)},
    {"annotations": (2, 6)},
    {"annotations": (3, 3, 4, 6)},
)
NASTY = {
    "zeros": {"query": np.zeros((2, 5), "float32"), "annotations": np.zeros(MAP, "float32")},
    "large": {
        "query": np.full((2, 5), 1e4, "float32"),
        "annotations": np.full(MAP, -1e4, "float32"),
    },
    "one place": {"annotations": (2, 1, 1, 6)},
}


def case(**changes):
    """Makes a case with the common defaults."""
    return LayerCase(
        **{
            "layer": VisualAttention,
            "inputs": {"query": (2, 5), "annotations": MAP},
            "call": {"return_attention_scores": True},
            "mask": {"annotations": SEEN},
            "variable": {"annotations": (1, 2)},
            "refuses_inputs": MISFITS,
            **changes,
        }
    )


def attend(weights, query, annotations, part="alignment", draw=False):
    """Additive attention over the places of a map, for one step or several, and its gate."""
    one_step = query.ndim == 2
    queries = query[:, None] if one_step else query
    places = annotations.reshape(len(annotations), -1, annotations.shape[-1])
    score = oracle.additive(
        weights[f"{part}/scale"],
        weights[f"{part}/query_projection/kernel"],
        weights[f"{part}/key_projection/kernel"],
        weights[f"{part}/query_projection/bias"],
    )
    _, seen = oracle.attend(score, queries, places)
    if draw:  # the most probable place
        seen = np.eye(seen.shape[-1])[np.argmax(seen, axis=-1)]
    context = np.stack([a @ b for a, b in zip(seen, places, strict=True)])
    if "gate_projection/kernel" in weights:
        gate = queries @ weights["gate_projection/kernel"] + weights["gate_projection/bias"]
        context = context * sigmoid(gate)
    seen = seen.reshape(*seen.shape[:2], *annotations.shape[1:-1])
    return (context[:, 0], seen[:, 0]) if one_step else (context, seen)


def likeliest(weights, query, annotations):
    """Computes the outputs and the state of the hard mode at inference."""
    part = "choice/alignment"
    context, draws = attend(weights, query, annotations, part, draw=True)
    _, seen = attend(weights, query, annotations, part)
    entropy = -np.sum(seen * np.log(seen), axis=(1, 2, 3))[:, None]
    return context, draws, np.zeros((len(query), 1)), entropy


def adaptive(weights, query, value):
    """Additive attention over the values and the sentinel of each query."""
    hidden, sentinel = np.split(query, 2, axis=-1)
    context = np.zeros((*query.shape[:2], value.shape[-1]))
    seen = np.zeros((*query.shape[:2], value.shape[1]))
    for b, t in np.ndindex(*query.shape[:2]):
        of_query = hidden[b, t] @ weights["query_projection/kernel"]
        keys = [
            *[each @ weights["key_projection/kernel"] for each in value[b]],
            sentinel[b, t] @ weights["sentinel_projection/kernel"],
        ]
        scores = [float(np.tanh(of_query + key) @ weights["scale"]) for key in keys]
        *seen[b, t], rest = oracle.softmax(scores)
        context[b, t] = seen[b, t] @ value[b] + rest * sentinel[b, t]
    return context, seen


def sentinels(weights, inputs):
    """Outputs of an LSTM, and its memory times a gate of its own."""
    lstm_weights = [weights[f"lstm/{name}"] for name in ("kernel", "recurrent_kernel", "bias")]
    outputs = np.zeros((*inputs.shape[:2], 8))
    for b in range(len(inputs)):
        hidden, memory = np.zeros(4), np.zeros(4)
        for t, x in enumerate(inputs[b]):
            gate = x @ weights["input_gate_projection/kernel"]
            gate = gate + hidden @ weights["state_gate_projection/kernel"]
            hidden, memory = lstm(x, hidden, memory, *lstm_weights)
            outputs[b, t] = [*hidden, *sigmoid(gate) * np.tanh(memory)]
    return outputs


def spatial_channel(order, rescale=False):
    """A case of one order, its values by loops over queries, places and channels."""

    def expected(weights, query, annotations):
        one_step = query.ndim == 2
        queries = query[:, None] if one_step else query
        places = annotations.reshape(len(annotations), -1, annotations.shape[-1])
        context = np.zeros((*queries.shape[:2], places.shape[-1]))
        seen = np.full((*queries.shape[:2], places.shape[1]), 1.0 / places.shape[1])
        for b, t in np.ndindex(*queries.shape[:2]):
            spatial, _, modulated = oracle.spatial_channel(
                weights, queries[b, t], places[b], order, rescale
            )
            if spatial is not None:
                seen[b, t] = spatial
            context[b, t] = np.sum(modulated, axis=0)
            if rescale or spatial is None:
                context[b, t] /= len(modulated)
        seen = seen.reshape(*seen.shape[:2], *annotations.shape[1:-1])
        return (context[:, 0], seen[:, 0]) if one_step else (context, seen)

    return {
        "layer": SpatialChannelAttention,
        "name": f"{order}-rescaled" if rescale else order,
        "arguments": {
            "units": 7,
            "order": order,
            "rescale": rescale,
            "scale_initializer": SEEDED,
            "data_format": "channels_last",
        },
        "expected": expected,
    }


VISUAL = [
    alignment.case(
        AdaptiveAttention,
        arguments={"units": 7, "scale_initializer": SEEDED},
        inputs={"query": (2, 3, 12), "value": (2, 5, 6)},
        expected=adaptive,
        refuses=({"units": 0}, {"dropout": 1.0}),
        refuses_inputs=({"query": (2, 4, 3, 12)}, {"query": (2, 3, 6)}, {"value": (3, 5, 6)}),
        nasty={
            "zeros": {"query": np.zeros((2, 3, 12), "float32")},
            "large": {"query": np.full((2, 3, 12), 1e4, "float32")},
            "one value": {"value": (2, 1, 6)},
        },
    ),
    LayerCase(
        layer=SentinelLSTMCell,
        arguments={"units": 4},
        rnn={"return_sequences": True},
        inputs={"inputs": (2, 3, 5)},
        expected=sentinels,
        refuses=({"units": 0},),
        mask={"inputs": np.array([[1, 0, 1], [1, 1, 1]], "bool")},
        variable={"inputs": (1,)},
        nasty={"large": {"inputs": np.full((2, 3, 5), 1e4, "float32")}},
    ),
    case(
        arguments={
            "units": 7,
            "scale_initializer": SEEDED,
            "gate": "scalar",
            "data_format": "channels_last",
        },
        expected=attend,
        refuses=(
            {"units": 0},
            {"mode": "medium"},
            {"gate": "matrix"},
            {"data_format": "depth_first"},
            {"inference": "expectation"},
            {"mode": "hard", "estimator": "none"},
            {"dropout": 1.0},
        ),
        channels_first={"annotations": 1},
        nasty=NASTY,
    ),
    case(
        name="steps-vector",
        arguments={
            "units": 7,
            "scale_initializer": SEEDED,
            "gate": "vector",
            "data_format": "channels_last",
        },
        inputs={"query": (2, 3, 5), "annotations": MAP},
        variable={"query": (1,), "annotations": (1, 2)},
        expected=attend,
    ),
    case(
        name="places",
        arguments={"units": 7, "scale_initializer": SEEDED},
        inputs={"query": (2, 3, 5), "annotations": (2, 12, 6)},
        mask={"annotations": SEEN.reshape(2, 12)},
        variable={"query": (1,), "annotations": (1,)},
        refuses_inputs=(),
        expected=attend,
    ),
    case(
        name="hard",
        arguments={
            "units": 7,
            "scale_initializer": SEEDED,
            "mode": "hard",
            "gate": "scalar",
            "expectation_rate": 0.5,
            "data_format": "channels_last",
        },
        call={"return_attention_scores": True, "return_state": True},
        inputs={"query": (2, 3, 5), "annotations": MAP},
        variable={"query": (1,), "annotations": (1, 2)},
        expected=likeliest,
        float32=(2, 3),
        stochastic=True,
        nasty=NASTY,
    ),
    case(
        **spatial_channel("channel_spatial"),
        refuses=(
            {"units": 0},
            {"order": "channel_wise"},
            {"data_format": "depth_first"},
            {"dropout": 1.0},
        ),
        channels_first={"annotations": 1},
        nasty={**NASTY, "one channel": {"annotations": (2, 3, 4, 1)}},
    ),
    case(
        **spatial_channel("channel_spatial", rescale=True),
        inputs={"query": (2, 3, 5), "annotations": MAP},
        variable={"query": (1,), "annotations": (1, 2)},
    ),
    case(
        **spatial_channel("spatial_channel"),
        inputs={"query": (2, 3, 5), "annotations": MAP},
        variable={"query": (1,), "annotations": (1, 2)},
        nasty={**NASTY, "one channel": {"annotations": (2, 3, 4, 1)}},
    ),
    case(**spatial_channel("spatial_channel", rescale=True)),
    case(
        **spatial_channel("spatial"),
        inputs={"query": (2, 3, 5), "annotations": (2, 12, 6)},
        mask={"annotations": SEEN.reshape(2, 12)},
        variable={"query": (1,), "annotations": (1,)},
        refuses_inputs=(),
    ),
    case(**spatial_channel("channel"), nasty=NASTY),
]
