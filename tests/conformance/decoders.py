"""Cases of the recurrent decoders."""

import keras
import numpy as np

from keras_attn import AttentionDecoder, BahdanauAttention, CoverageAttention, LuongAttention
from tests.conformance.case import LayerCase
from tests.oracles import alignment as oracle
from tests.oracles.recurrent import gru, lstm
from tests.oracles.translation import ADDITIVE, COVERED, additive_score

MISFITS = ({"inputs": (2, 4)}, {"memory": (3, 5, 6)}, {"memory": (2, 6)})
ALL = {"return_attention_scores": True, "return_contexts": True, "return_state": True}


def case(**changes):
    return LayerCase(
        **{
            "layer": AttentionDecoder,
            "inputs": {"inputs": (2, 4, 3), "memory": (2, 5, 6)},
            "mask": {"memory": np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], "bool")},
            "variable": {"inputs": (1,), "memory": (1,)},
            "call": ALL,
            "nasty": {
                "zeros": {"memory": np.zeros((2, 5, 6), "float32")},
                "large": {"memory": np.full((2, 5, 6), 1e4, "float32")},
                "one step": {"inputs": (2, 1, 3)},
                "one value": {"memory": (2, 1, 6)},
            },
            "refuses_inputs": MISFITS,
            **changes,
        }
    )


def simple(weights, inputs, state):
    """`tanh(W x + U s + b)`, the output and the state of the simplest cell."""
    return np.tanh(
        inputs @ weights["cell/kernel"]
        + state @ weights["cell/recurrent_kernel"]
        + weights["cell/bias"]
    )


def bahdanau(weights, inputs, memory):
    """Each step attends with the state before it, and the context is an input of the cell."""
    score = oracle.additive(
        weights["score/scale"],
        weights["score/query_projection/kernel"],
        weights["score/key_projection/kernel"],
    )
    state, found = np.zeros((len(inputs), 7)), []
    for step in range(inputs.shape[1]):
        context, attention = oracle.attend(score, state[:, None], memory)
        state = simple(weights, np.c_[inputs[:, step], context[:, 0]], state)
        found.append((state, context[:, 0], attention[:, 0]))
    return *(np.stack(each, axis=1) for each in zip(*found, strict=True)), state


def luong(weights, inputs, memory):
    """The output before is an input of the cell, whose new state attends."""
    score = oracle.bilinear(weights["score/query_projection/kernel"])
    state, output, found = np.zeros((len(inputs), 7)), np.zeros((len(inputs), 4)), []
    for step in range(inputs.shape[1]):
        state = simple(weights, np.c_[inputs[:, step], output], state)
        context, attention = oracle.attend(score, state[:, None], memory)
        output = np.tanh(np.c_[context[:, 0], state] @ weights["attentional/kernel"])
        found.append((output, context[:, 0], attention[:, 0]))
    return *(np.stack(each, axis=1) for each in zip(*found, strict=True)), state, output


def stack(weights, inputs, memory):
    """An LSTM below a GRU whose state attends, with the coverage of the steps before."""
    lower, upper = (
        [weights[f"{cell}/{name}"] for name in ("kernel", "recurrent_kernel", "bias")]
        for cell in ("lower", "upper")
    )
    p = {symbol: weights[f"score/{path}"] for symbol, path in {**ADDITIVE, **COVERED}.items()}
    outputs, coverage = [], []
    last = {"hidden": [], "carry": [], "state": []}
    for sequence, places in zip(inputs, memory, strict=True):
        hidden, carry, state = np.zeros(4), np.zeros(4), np.zeros(6)
        attention, found = np.zeros((len(sequence), len(places))), []
        for step, x in enumerate(sequence):
            score = additive_score(p, attention[:step])
            attention[step] = oracle.softmax([score(state, h, j) for j, h in enumerate(places)])
            x = np.concatenate([x, attention[step] @ places])
            hidden, carry = lstm(x, hidden, carry, *lower)
            state = gru(hidden, state, *upper, reset_after=True)
            found.append(state)
        outputs.append(found)
        coverage.append(np.cumsum(attention, axis=0))
        for name, value in (("hidden", hidden), ("carry", carry), ("state", state)):
            last[name].append(value)
    coverage = np.array(coverage)
    return np.array(outputs), coverage, *map(np.array, last.values()), coverage[:, -1]


DECODERS = [
    case(
        name="before",
        arguments={
            "cell": keras.layers.SimpleRNNCell(7, name="cell"),
            "attention": BahdanauAttention(5, scale_initializer="ones", name="score"),
        },
        expected=bahdanau,
        refuses=(
            {"cell": keras.layers.Dense(3)},
            {"cell": []},
            {"attention": keras.layers.Dense(3)},
            {"attend": "during"},
            {"attentional_units": 4},
            {"input_feeding": True},
        ),
    ),
    case(
        name="after",
        arguments={
            "cell": keras.layers.SimpleRNNCell(7, name="cell"),
            "attention": LuongAttention("general", name="score"),
            "attend": "after",
            "attentional_units": 4,
            "input_feeding": True,
        },
        expected=luong,
        refuses=({"attentional_units": 0},),
    ),
    case(
        name="stack",
        arguments={
            "cell": [keras.layers.LSTMCell(4, name="lower"), keras.layers.GRUCell(6, name="upper")],
            "attention": CoverageAttention(5, scale_initializer="ones", name="score"),
        },
        call={"return_attention_states": True, "return_state": True},
        expected=stack,
        float32=(1, 5),
        nasty={},
    ),
]
