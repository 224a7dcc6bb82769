"""Decoders with every kind of attention, and masks of their inputs."""

import keras
import numpy as np

from keras_attn import (
    AttentionDecoder,
    BahdanauAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LuongAttention,
    MonotonicAttention,
)

GRU, LSTM = keras.layers.GRUCell, keras.layers.LSTMCell
MAKERS = {
    "bahdanau": lambda: AttentionDecoder(GRU(8), BahdanauAttention(7)),
    "luong": lambda: AttentionDecoder(
        [LSTM(8), LSTM(9)],
        LuongAttention(),
        attend="after",
        attentional_units=5,
        input_feeding=True,
    ),
    "coverage": lambda: AttentionDecoder(LSTM(8), CoverageAttention(7), attend="after"),
    "local": lambda: AttentionDecoder(GRU(8), LocalAttention(LuongAttention(), 1, "monotonic")),
    "monotonic": lambda: AttentionDecoder(
        [GRU(8), GRU(6)], MonotonicAttention(BahdanauAttention(7), sigmoid_noise=1.0)
    ),
    "hard": lambda: AttentionDecoder(GRU(8), HardAttention(BahdanauAttention(7, dropout=0.1))),
    "noisy": lambda: AttentionDecoder(
        [GRU(8, dropout=0.2, recurrent_dropout=0.3), LSTM(6, dropout=0.1)],
        MonotonicAttention(BahdanauAttention(7), sigmoid_noise=1.0, dropout=0.3),
    ),
}
MASKS = [
    np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]], "bool"),
    np.array([[1, 1, 1, 0, 0], [1] * 5, [0] * 5, [1] * 5], "bool"),
]
