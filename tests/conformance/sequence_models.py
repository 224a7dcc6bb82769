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
from tests.oracles import translation
from tests.oracles.luong import ATTENTIONAL, PREDICTIVE, SCORES, luong, luong_symbols
from tests.oracles.summarization import BAG_OF_WORDS, SUMMARIZER, summarizer
from tests.oracles.translation import ADDITIVE, COVERED, oracle, within


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "named": True,
            "inputs": {
                "source": np.array([[5, 6, 7, 8, 2], [9, 4, 2, 0, 0]], "int32"),
                "target": np.array([[1, 4, 5, 6], [1, 7, 0, 0]], "int32"),
            },
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

COVERAGE = {
    **luong_symbols(1),
    **ATTENTIONAL,
    **within("decoder/coverage_attention*", {**ADDITIVE, **COVERED}),
}
LOCAL = {
    **luong_symbols(2),
    **ATTENTIONAL,
    **within("decoder/local", PREDICTIVE),
    **within("decoder/local/score", SCORES["general"]),
}

MODELS = [
    model(
        RNNSearch,
        arguments={**SIZES, "maxout_units": 4},
        refuses=(*REFUSED, {"maxout_units": 0}),
        oracle=oracle(translation.RNN_SEARCH, translation.rnn_search, training=False),
    ),
    model(
        EncoderDecoder,
        arguments={**SIZES, "maxout_units": 4},
        refuses=REFUSED,
        oracle=oracle(translation.ENCODER_DECODER, translation.encoder_decoder, training=False),
    ),
    model(
        LuongTranslator,
        name="local",
        arguments={**SIZES, "num_layers": 2, "window": "predictive", "window_radius": 2},
        refuses=(*REFUSED, {"num_layers": 0}, {"window": "global"}, {"score": "mlp"}),
        oracle=oracle(LOCAL, luong, window="predictive", radius=2),
    ),
    model(
        LuongTranslator,
        name="coverage",
        arguments={**SIZES, "num_layers": 1, "attention": CoverageAttention(4)},
        oracle=oracle(COVERAGE, luong, num_layers=1, score="additive", training=False),
    ),
    model(
        LuongTranslator,
        name="base",
        arguments={**SIZES, "num_layers": 2, "score": None},
        refuses=({"window": "monotonic"},),
        oracle=oracle(luong_symbols(2), luong, score=None),
    ),
    model(
        LuongTranslator,
        name="base-of-one-layer",
        arguments={**SIZES, "num_layers": 1, "score": None, "reverse_source": False},
        oracle=oracle(luong_symbols(1), luong, num_layers=1, score=None, reverse_source=False),
    ),
    model(
        AttentionSummarizer,
        arguments={**SIZES, "context_size": 3, "smoothing": 1},
        refuses=(*REFUSED, {"context_size": 0}, {"smoothing": -1}, {"encoder": "convolution"}),
        oracle=oracle(SUMMARIZER, summarizer, context_size=3, smoothing=1, training=False),
    ),
    model(
        AttentionSummarizer,
        name="bag-of-words",
        arguments={**SIZES, "context_size": 1, "encoder": "bag_of_words"},
        oracle=oracle(BAG_OF_WORDS, summarizer, context_size=1, training=False),
    ),
]
