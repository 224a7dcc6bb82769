"""Cases of the applications that turn one sequence into another."""

import keras
import numpy as np

from keras_attn import CoverageAttention
from keras_attn.applications import (
    AttentionSummarizer,
    EncoderDecoder,
    LuongTranslator,
    RNNSearch,
)
from tests.conformance.case import ModelCase
from tests.conformance.oracle import Oracle
from tests.oracles import translation


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "named": True,
            "inputs": {
                "source": np.array([[5, 6, 7, 8, 2], [9, 4, 2, 0, 0]], "int32"),
                "target": np.array([[1, 4, 5, 6], [1, 7, 0, 0]], "int32"),
            },
            "outputs": ((2, 4, 9),),
            "targets": np.array([[4, 5, 6, 2], [7, 2, 0, 0]], "int32"),
            "compile": {
                "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
            },
            **changes,
        }
    )


SIZES = {"source_vocabulary": 10, "target_vocabulary": 9, "units": 6, "embedding_units": 5}
REFUSED = (
    {"source_vocabulary": 2},
    {"target_vocabulary": 0},
    {"units": 0},
    {"embedding_units": -1},
    {"dropout": 1.0},
)

ENCODER_DECODER = {
    "E_x": "source_embedding/embeddings",
    "E_y": "target_embedding/embeddings",
    **{
        f"{part}_{side}": f"{cell}/{name}"
        for side, cell in (("enc", "encoder/gru_cell"), ("dec", "decoder/cell"))
        for part, name in (("W", "kernel"), ("U", "recurrent_kernel"), ("b", "bias"))
    },
    "V": "first_state/kernel",
    "b_V": "first_state/bias",
    "O": "maxout/both/kernel",
    "b_O": "maxout/both/bias",
    "G": "logits/kernel",
    "b_G": "logits/bias",
}

MODELS = [
    model(
        RNNSearch,
        arguments={**SIZES, "maxout_units": 4},
        refuses=(*REFUSED, {"maxout_units": 0}),
    ),
    model(
        EncoderDecoder,
        arguments={**SIZES, "maxout_units": 4},
        refuses=REFUSED,
        oracle=Oracle(ENCODER_DECODER, translation.encoder_decoder),
    ),
    model(
        LuongTranslator,
        name="local",
        arguments={**SIZES, "num_layers": 2, "window": "predictive", "window_radius": 2},
        refuses=(*REFUSED, {"num_layers": 0}, {"window": "global"}, {"score": "mlp"}),
    ),
    model(
        LuongTranslator,
        name="coverage",
        arguments={**SIZES, "num_layers": 1, "attention": CoverageAttention(4)},
    ),
    model(
        LuongTranslator,
        name="base",
        arguments={**SIZES, "num_layers": 2, "score": None},
        refuses=({"window": "monotonic"},),
    ),
    model(
        LuongTranslator,
        name="base-of-one-layer",
        arguments={**SIZES, "num_layers": 1, "score": None, "reverse_source": False},
    ),
    model(
        AttentionSummarizer,
        arguments={**SIZES, "context_size": 3, "smoothing": 1},
        refuses=(*REFUSED, {"context_size": 0}, {"smoothing": -1}, {"encoder": "convolution"}),
    ),
    model(
        AttentionSummarizer,
        name="bag-of-words",
        arguments={**SIZES, "context_size": 1, "encoder": "bag_of_words"},
    ),
]
