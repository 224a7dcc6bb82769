"""Cases of the layers with an external memory."""

import numpy as np

from keras_attn import NTM, DNCCell, MANNCell, MemoryRNN, NTMCell
from tests.conformance.case import LayerCase
from tests.oracles.dynamic_memory import (
    differentiable_neural_computer,
    least_recently_used_access,
)
from tests.oracles.memory import by_symbol, neural_turing_machine

SIZES = {"units": 5, "memory_locations": 6, "memory_width": 4}
# Smaller than most of the numbers of the heads.
CLIP = 0.1
# Different rows: with equal ones the first weights have no effect.
VARIED = {"class_name": "RandomUniform", "config": {"minval": -1.0, "maxval": 1.0, "seed": 1}}
NASTY = {
    "zeros": {"inputs": np.zeros((2, 4, 3), "float32")},
    "large": {"inputs": np.full((2, 4, 3), 1e4, "float32")},
    "one step": {"inputs": (2, 1, 3)},
}


def by(oracle, **options):
    """Returns the outputs of an oracle as a function of the weights of a cell and the inputs."""
    return lambda weights, inputs: oracle(by_symbol(weights), inputs, **options)["output"]


def case(**changes):
    """Makes a case with the common defaults."""
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
        expected=by(neural_turing_machine),
        refuses=(
            {"units": 0},
            {"memory_locations": 0},
            {"memory_width": -1},
            {"num_read_heads": 0},
            {"num_write_heads": 1.5},
            {"shift_range": 3},
            {"controller": "transformer"},
            {"addressing": "index"},
            {"clip": 0.0},
            {"gradient_clip": 0.0},
        ),
    ),
    case(
        name="heads",
        arguments={
            **SIZES,
            "num_read_heads": 2,
            "num_write_heads": 3,
            "shift_range": 2,
            "memory_initializer": VARIED,
            "clip": CLIP,
        },
        expected=by(
            neural_turing_machine, num_read_heads=2, num_write_heads=3, shift_range=2, clip=CLIP
        ),
    ),
    case(
        name="feedforward-content",
        arguments={**SIZES, "controller": "feedforward", "addressing": "content", "clip": None},
        # The rows of the memory stay equal for a few steps, whatever the first weights are.
        still=("first_weights",),
        expected=by(
            neural_turing_machine, controller="feedforward", addressing="content", clip=None
        ),
        nasty={},
    ),
    case(
        name="gru-location",
        arguments={**SIZES, "controller": "gru", "addressing": "location"},
        expected=by(neural_turing_machine, controller="gru", addressing="location"),
        nasty={},
    ),
    case(
        layer=NTM,
        rnn=None,
        arguments={
            "cell": NTMCell(**SIZES, memory_initializer=VARIED),
            "return_sequences": True,
        },
        expected=by(neural_turing_machine),
        refuses=({"cell": "ntm"},),
        nasty={},
    ),
    case(
        layer=DNCCell,
        arguments={
            **SIZES,
            "num_read_heads": 2,
            "memory_initializer": VARIED,
            "learn_memory": True,
            "clip": CLIP,
        },
        expected=by(differentiable_neural_computer, heads=2, clip=CLIP),
        refuses=(
            {"units": 0},
            {"memory_locations": 1.5},
            {"memory_width": 0},
            {"num_read_heads": 0},
            {"controller": "transformer"},
            {"clip": -1.0},
            {"gradient_clip": -1.0},
        ),
    ),
    case(
        layer=DNCCell,
        name="feedforward",
        arguments={**SIZES, "controller": "feedforward", "clip": None, "gradient_clip": None},
        expected=by(differentiable_neural_computer, heads=1, controller="feedforward", clip=None),
    ),
    case(
        layer=MANNCell,
        arguments={
            **SIZES,
            "num_read_heads": 2,
            "usage_decay": 0.8,
            "memory_initializer": VARIED,
            "learn_memory": True,
            "clip": CLIP,
        },
        expected=by(least_recently_used_access, heads=2, decay=0.8, clip=CLIP),
        refuses=(
            {"units": 0},
            {"memory_locations": 0},
            {"memory_width": 0},
            {"num_read_heads": 7},
            {"usage_decay": 1.5},
            {"controller": "transformer"},
            {"clip": 0.0},
            {"gradient_clip": 0.0},
        ),
    ),
    case(
        layer=MANNCell,
        name="feedforward",
        arguments={**SIZES, "num_read_heads": 1, "controller": "feedforward", "clip": None},
        expected=by(
            least_recently_used_access, heads=1, decay=0.99, controller="feedforward", clip=None
        ),
    ),
    case(
        layer=MemoryRNN,
        rnn=None,
        arguments={"cell": DNCCell(**SIZES, num_read_heads=2), "return_sequences": True},
        expected=by(differentiable_neural_computer, heads=2),
        refuses=({"cell": "dnc"},),
        nasty={},
    ),
]
