"""A step of an LSTM on PyTorch, in fewer operations than Keras's cell takes."""

import torch


def lstm_step(inputs, states, kernel, recurrent_kernel, bias):
    """Equals `keras.layers.LSTMCell`: the next output and carry, all in one dtype."""
    hidden, carry = states
    gates = torch.matmul(inputs, kernel) + torch.matmul(hidden, recurrent_kernel) + bias
    enter, forget, new, leave = gates.chunk(4, dim=-1)
    carry = torch.addcmul(forget.sigmoid() * carry, enter.sigmoid(), new.tanh())
    return leave.sigmoid() * carry.tanh(), carry
