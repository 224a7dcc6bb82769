"""A step of an LSTM on PyTorch, by its own cell, which takes the gates in the same order."""

import torch


def lstm_step(inputs, states, kernel, recurrent_kernel, bias):
    """Equals `keras.layers.LSTMCell`: the next output and carry, all in one dtype."""
    return torch.lstm_cell(inputs, states, kernel.T, recurrent_kernel.T, bias)
