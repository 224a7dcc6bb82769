"""Cells of recurrent networks, one step of one example, with the layout of Keras's weights."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(inputs, state, kernel, recurrent, bias, reset_after=False):
    """One step of the GRU of Cho et al., which applies the reset gate before the product.

    Keras keeps the update gate z first and mixes as `z h + (1 - z) h̃`; the paper's z is 1 less.

    Args:
        reset_after: True for the variant that applies the gate after the product, and has a bias
            of two rows, for inputs and state.
    """
    bias, inner = bias if reset_after else (bias, np.zeros_like(bias))
    z, r, new = np.split(inputs @ kernel + bias, 3, axis=-1)
    u_z, u_r, u_new = np.split(recurrent, 3, axis=-1)
    b_z, b_r, b_new = np.split(inner, 3, axis=-1)
    z, r = sigmoid(z + state @ u_z + b_z), sigmoid(r + state @ u_r + b_r)
    old = r * (state @ u_new + b_new) if reset_after else (r * state) @ u_new
    return z * state + (1 - z) * np.tanh(new + old)


def lstm(inputs, hidden, carry, kernel, recurrent, bias):
    """One step; Keras keeps input gate, forget gate, new and output gate in this order."""
    enter, forget, new, leave = np.split(inputs @ kernel + hidden @ recurrent + bias, 4)
    carry = sigmoid(forget) * carry + sigmoid(enter) * np.tanh(new)
    return sigmoid(leave) * np.tanh(carry), carry


def cell(p, part):
    """Returns kernel, recurrent kernel and bias of a cell, `W`, `U` and `b` of a part."""
    return [p[f"{name}_{part}"] for name in "WUb"]


def cell_paths(part, path):
    """Returns the symbols that `cell` reads: symbol → path of the weight."""
    names = {"W": "kernel", "U": "recurrent_kernel", "b": "bias"}
    return {f"{symbol}_{part}": f"{path}/{name}" for symbol, name in names.items()}
