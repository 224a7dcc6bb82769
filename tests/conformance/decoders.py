"""Cases of the recurrent decoders."""

import keras
import numpy as np

from keras_attn import AttentionDecoder, BahdanauAttention, CoverageAttention, LuongAttention
from tests.conformance.case import LayerCase
from tests.oracles import alignment as oracle

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
    """Each step attends with the state before it, and the cell sees the context."""
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
    """The cell sees what was put out before, and attends with its new state."""
    score = oracle.bilinear(weights["score/query_projection/kernel"])
    state, output, found = np.zeros((len(inputs), 7)), np.zeros((len(inputs), 4)), []
    for step in range(inputs.shape[1]):
        state = simple(weights, np.c_[inputs[:, step], output], state)
        context, attention = oracle.attend(score, state[:, None], memory)
        output = np.tanh(np.c_[context[:, 0], state] @ weights["attentional/kernel"])
        found.append((output, context[:, 0], attention[:, 0]))
    return *(np.stack(each, axis=1) for each in zip(*found, strict=True)), state, output


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
        float32=(1, 5),
        nasty={},
    ),
]
