"""LSTMs above one another as loops over NumPy arrays."""

import itertools

import numpy as np

from tests.oracles.recurrent import cell, cell_paths, lstm


def stacked_lstm_symbols(num_layers):
    paths = {"W": "logits/kernel", "b": "logits/bias"}
    for layer in range(num_layers):
        paths |= cell_paths(str(layer), f"lstm_{layer}/lstm_cell")
    return paths


def stacked_lstm(p, sequences):
    """`h^n_t = LSTM(h^{n-1}_t, h^n_{t-1})` with `h^0_t = x_t`; logits `W h_t + b` of the last."""
    outputs = sequences
    for layer in itertools.takewhile(lambda n: f"W_{n}" in p, itertools.count()):
        gates = cell(p, layer)
        found = np.zeros((*outputs.shape[:2], len(gates[1])))
        for row, sequence in enumerate(outputs):
            hidden = carry = np.zeros(len(gates[1]))
            for step, x in enumerate(sequence):
                hidden, carry = lstm(x, hidden, carry, *gates)
                found[row, step] = hidden
        outputs = found
    return {"outputs": [outputs @ p["W"] + p["b"]]}
