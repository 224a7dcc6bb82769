"""Cases of the applications for sequences: with an external memory, and LSTMs to compare with."""

import functools

import keras
import numpy as np

from keras_attn import NTMCell
from keras_attn.applications import NeuralTuringMachine, StackedLSTM
from tests.conformance.case import ModelCase
from tests.conformance.oracle import Oracle
from tests.oracles.memory import FIRST_WEIGHTS, HEADS, RECURRENT, answers, machine
from tests.oracles.stacked_lstm import stacked_lstm, stacked_lstm_symbols


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "inputs": {"sequences": (2, 4, 3)},
            "targets": np.array([[[0, 1]] * 4, [[1, 1]] * 4], "float32"),
            "compile": {"loss": keras.losses.BinaryCrossentropy(from_logits=True)},
            **changes,
        }
    )


def machine_oracle(**options):
    """Oracle of a `NeuralTuringMachine` whose cell has a recurrent controller."""
    symbols = machine({**HEADS, **FIRST_WEIGHTS, **RECURRENT})
    return Oracle(symbols, functools.partial(answers, **options))


SIZES = {"input_channels": 3, "output_channels": 2}
REFUSED = ({"input_channels": 0}, {"output_channels": 1.5})

MODELS = [
    model(
        NeuralTuringMachine,
        arguments={**SIZES, "cell": NTMCell(5, memory_locations=6, memory_width=4)},
        refuses=(*REFUSED, {"cell": "ntm"}),
        oracle=machine_oracle(),
    ),
    model(
        StackedLSTM,
        arguments={**SIZES, "units": 4, "num_layers": 2},
        refuses=(*REFUSED, {"units": 0}, {"num_layers": 0}),
        oracle=Oracle(stacked_lstm_symbols(2), stacked_lstm),
    ),
]

HEADS_OF_TWO_KINDS = {"num_read_heads": 2, "num_write_heads": 3, "shift_range": 2}
VARIANTS = [
    model(
        NeuralTuringMachine,
        name="heads",
        arguments={
            **SIZES,
            "cell": NTMCell(
                5,
                memory_locations=6,
                memory_width=4,
                **HEADS_OF_TWO_KINDS,
                controller="gru",
                clip=0.5,
            ),
        },
        oracle=machine_oracle(**HEADS_OF_TWO_KINDS, controller="gru", clip=0.5),
    ),
    model(
        StackedLSTM,
        name="three-layers",
        arguments={**SIZES, "units": 4},
        oracle=Oracle(stacked_lstm_symbols(3), stacked_lstm),
    ),
]
