"""Cases of the layers with an external memory."""

import numpy as np

from keras_attn import NTM, NTMCell
from tests.conformance.case import LayerCase
from tests.oracles.memory import neural_turing_machine

SIZES = {"units": 5, "memory_locations": 6, "memory_width": 4}
# Rows that differ, as weights of one number for each row keep their start in these tests.
VARIED = {"class_name": "RandomUniform", "config": {"minval": -1.0, "maxval": 1.0, "seed": 1}}
NASTY = {
    "zeros": {"inputs": np.zeros((2, 4, 3), "float32")},
    "large": {"inputs": np.full((2, 4, 3), 1e4, "float32")},
    "one step": {"inputs": (2, 1, 3)},
}


def plain(weights, inputs):
    return neural_turing_machine(weights, inputs, 1, 1)


def several(weights, inputs):
    return neural_turing_machine(weights, inputs, 2, 3, shift_range=2)


def case(**changes):
    """What is the same for all."""
    return LayerCase(
        **{
            "layer": NTMCell,
            "rnn": {"return_sequences": True},
            "inputs": {"inputs": (2, 4, 3)},
            "mask": {"inputs": np.array([[1, 0, 1, 1], [1, 1, 0, 0]], "bool")},
            "variable": {"inputs": (1,)},
            "nasty": NASTY,
            **changes,
        }
    )


MEMORY = [
    case(
        arguments={**SIZES, "memory_initializer": VARIED, "learn_memory": True},
        expected=plain,
        refuses=(
            {"units": 0},
            {"memory_locations": 0},
            {"memory_width": -1},
            {"read_heads": 0},
            {"write_heads": 1.5},
            {"shift_range": 3},
            {"controller": "transformer"},
            {"addressing": "index"},
            {"clip": 0.0},
        ),
    ),
    case(
        name="heads",
        arguments={
            **SIZES,
            "read_heads": 2,
            "write_heads": 3,
            "shift_range": 2,
            "memory_initializer": VARIED,
        },
        expected=several,
    ),
    case(
        name="feedforward-content",
        arguments={**SIZES, "controller": "feedforward", "addressing": "content", "clip": None},
        # Equal rows stay equal in so few steps that nothing tells the first weights.
        still=("first_weights",),
        nasty={},
    ),
    case(
        name="gru-location",
        arguments={**SIZES, "controller": "gru", "addressing": "location"},
        nasty={},
    ),
    case(
        layer=NTM,
        rnn=None,
        arguments={
            "cell": NTMCell(**SIZES, memory_initializer=VARIED),
            "return_sequences": True,
        },
        expected=plain,
        refuses=({"cell": "ntm"},),
        nasty={},
    ),
]
