"""A step of an LSTM on PyTorch, in fewer operations than Keras's cell takes."""

import torch


def lstm_step(inputs, states, kernel, recurrent_kernel, bias):
    """Equals `keras.layers.LSTMCell`: the next output and carry, all in one dtype.

    Args:
        inputs: `(batch, width)`.
        states: output and carry of the step before, `(batch, units)` each.
        kernel: `(width, 4 * units)`; like the next two in the order of Keras: input gate, forget
            gate, carry, output gate.
        recurrent_kernel: `(units, 4 * units)`.
        bias: `(4 * units,)`.
    """
    hidden, carry = states
    gates = torch.matmul(inputs, kernel) + torch.matmul(hidden, recurrent_kernel) + bias
    enter, forget, new, leave = gates.chunk(4, dim=-1)
    carry = torch.addcmul(forget.sigmoid() * carry, enter.sigmoid(), new.tanh())
    return leave.sigmoid() * carry.tanh(), carry
