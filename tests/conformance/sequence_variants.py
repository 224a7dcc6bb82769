"""Further cases of the applications that turn one sequence into another, for their oracles.

Each option that changes an equation is in one of them; in training they drop and sample.
"""

import numpy as np

from keras_attn import BahdanauAttention, CoverageAttention
from keras_attn.applications import (
    AttentionSummarizer,
    EncoderDecoder,
    LuongTranslator,
    RNNSearch,
)
from tests.conformance.sequence_models import SIZES, model
from tests.oracles import translation
from tests.oracles.luong import ATTENTIONAL, SCORES, luong, luong_symbols
from tests.oracles.summarization import BAG_OF_WORDS, SUMMARIZER, summarizer
from tests.oracles.translation import (
    ADDITIVE,
    BIASED,
    COVERED,
    NORMALIZED,
    SAMPLED,
    oracle,
    within,
)

DROPOUT = {"dropout": 0.25}


def sampling(width):
    """Values with which most words after the first are the model's own, and depend on others.

    Args:
        width: Width of the read-out.
    """
    generator, words = np.random.default_rng(5), SIZES["target_vocabulary"]
    return {
        "weights": {
            SAMPLED["ε"]: 0.75,
            "target_embedding/embeddings": generator.normal(size=(words, SIZES["embedding_units"])),
            "logits/kernel": 10.0 * generator.normal(size=(width, words)),
        }
    }


def bahdanau(**options):
    return BahdanauAttention(4, name="alignment", **options)


def attends(path, symbols):
    """Symbols of a `LuongTranslator` of two layers with attention."""
    return {**luong_symbols(2), **ATTENTIONAL, **within(f"decoder/{path}", symbols)}


NORMALIZED_SCORE = within("decoder/alignment", {**BIASED, **NORMALIZED})

VARIANTS = [
    model(
        RNNSearch,
        name="sampling",
        arguments={
            **SIZES,
            **DROPOUT,
            "maxout_units": 4,
            "attention": bahdanau(use_bias=True, normalize=True, dropout=0.5),
            "scheduled_sampling": True,
            "reset_after": True,
        },
        oracle=oracle(
            {**translation.RNN_SEARCH, **NORMALIZED_SCORE, **SAMPLED},
            translation.rnn_search,
            gain=1.0,
            **DROPOUT,
            attention_dropout=0.5,
            reset_after=True,
        ),
        **sampling(4),
    ),
    model(
        RNNSearch,
        name="coverage-loss",
        arguments={
            **SIZES,
            "maxout_units": 4,
            "attention": CoverageAttention(4, loss_weight=2.0, name="alignment"),
        },
        oracle=oracle(
            {**translation.RNN_SEARCH, **within("decoder/alignment", COVERED)},
            translation.rnn_search,
            loss_weight=2.0,
        ),
    ),
    model(
        EncoderDecoder,
        name="bidirectional",
        arguments={
            **SIZES,
            **DROPOUT,
            "maxout_units": 4,
            "bidirectional": True,
            "reset_after": True,
        },
        oracle=oracle(
            translation.BIDIRECTIONAL,
            translation.encoder_decoder,
            **DROPOUT,
            bidirectional=True,
            reset_after=True,
        ),
    ),
    model(
        LuongTranslator,
        name="concat",
        arguments={**SIZES, "num_layers": 2, "score": "concat"},
        oracle=oracle(
            attends("score", SCORES["concat"]), luong, score="concat", training=False, gain=3.0
        ),
    ),
    model(
        LuongTranslator,
        name="scaled-dot",
        # The embeddings are as wide as the cells.
        arguments={
            **{name: size for name, size in SIZES.items() if name != "embedding_units"},
            "num_layers": 2,
            "score": "scaled_dot",
        },
        oracle=oracle(attends("score", {}), luong, score="scaled_dot", training=False),
    ),
    model(
        LuongTranslator,
        name="monotonic",
        arguments={
            **SIZES,
            **DROPOUT,
            "num_layers": 2,
            "score": "dot",
            "window": "monotonic",
            "window_radius": 1,
            "input_feeding": False,
            "reverse_source": False,
            "scheduled_sampling": True,
        },
        oracle=oracle(
            {**attends("local", {}), **SAMPLED},
            luong,
            gain=1.0,
            **DROPOUT,
            score="dot",
            window="monotonic",
            radius=1,
            input_feeding=False,
            reverse_source=False,
        ),
        **sampling(6),
    ),
    model(
        LuongTranslator,
        name="coverage-loss",
        arguments={
            **SIZES,
            **DROPOUT,
            "num_layers": 2,
            "attention": CoverageAttention(4, use_bias=True, loss_weight=2.0, name="alignment"),
        },
        oracle=oracle(
            attends("alignment", {**ADDITIVE, **COVERED, **BIASED}),
            luong,
            **DROPOUT,
            score="additive",
            loss_weight=2.0,
        ),
    ),
    model(
        AttentionSummarizer,
        name="additive",
        arguments={**SIZES, **DROPOUT, "context_size": 2, "attention": bahdanau(dropout=0.5)},
        oracle=oracle(
            {
                **{symbol: path for symbol, path in SUMMARIZER.items() if symbol != "P"},
                **within("alignment", ADDITIVE),
            },
            summarizer,
            **DROPOUT,
            context_size=2,
            attention_dropout=0.5,
        ),
    ),
    model(
        AttentionSummarizer,
        name="bag-of-words-dropout",
        arguments={**SIZES, **DROPOUT, "context_size": 2, "encoder": "bag_of_words"},
        oracle=oracle(BAG_OF_WORDS, summarizer, **DROPOUT, context_size=2),
    ),
]
