"""Cases of the applications with an external memory, and of what they are held against."""

import keras
import numpy as np

from keras_attn import NTMCell
from keras_attn.applications import NeuralTuringMachine, StackedLSTM
from tests.conformance.case import ModelCase


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "inputs": {"sequences": (2, 4, 3)},
            "outputs": ((2, 4, 2),),
            "targets": np.array([[[0, 1]] * 4, [[1, 1]] * 4], "float32"),
            "compile": {"loss": keras.losses.BinaryCrossentropy(from_logits=True)},
            **changes,
        }
    )


SIZES = {"input_channels": 3, "output_channels": 2}
REFUSED = ({"input_channels": 0}, {"output_channels": 1.5})

MODELS = [
    model(
        NeuralTuringMachine,
        arguments={**SIZES, "cell": NTMCell(5, memory_locations=6, memory_width=4)},
        methods=("trace",),
        refuses=(*REFUSED, {"cell": "ntm"}),
    ),
    model(
        StackedLSTM,
        arguments={**SIZES, "units": 4, "num_layers": 2},
        refuses=(*REFUSED, {"units": 0}, {"num_layers": 0}),
    ),
]
