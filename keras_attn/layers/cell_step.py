import keras
from keras import ops

from keras_attn.ops import kernels


def cell_step(cell, inputs, states, training=False):
    """`cell(inputs, states, training=training)`, by the backend's kernel where there is one.

    Args:
        cell: a cell of Keras, built.
        inputs: `(batch, width)`.
        states: a list of tensors.
        training: a boolean, or None.

    Returns:
        The output of the cell, and its next states as it returns them.
    """
    if not kernels.load("lstm_after") or not _is_plain_lstm(cell):
        return cell(inputs, states, training=training)
    return known_step(cell, (cell.bias, cell.kernel), inputs, states)


def known_gates(cell, inputs):
    """What inputs that are the same at every step tell an LSTM, for `known_step`.

    Made before a loop, it spares the loop the product with them.

    Args:
        cell: a `keras.layers.LSTMCell` without dropout, built.
        inputs: `(batch, known)`, the first of its inputs.

    Returns:
        What they make of the gates, `(batch, 4 * units)`, and the kernel of the other inputs.
    """
    inputs, kernel, bias = (
        _cast(each, cell.compute_dtype) for each in (inputs, cell.kernel, cell.bias)
    )
    known = inputs.shape[-1]
    return ops.matmul(inputs, kernel[:known]) + bias, kernel[known:]


def known_step(cell, known, inputs, states):
    """A step of an LSTM that is told some of its inputs beforehand.

    Args:
        cell: a `keras.layers.LSTMCell` without dropout, built.
        known: of `known_gates`.
        inputs: the other inputs, `(batch, width)`, or None where there is no other.
        states: output and carry of the step before, `(batch, units)` each.

    Returns:
        As `cell_step`.
    """
    gates, kernel, hidden, carry, recurrent_kernel = (
        _cast(each, cell.compute_dtype) for each in (*known, *states, cell.recurrent_kernel)
    )
    if inputs is not None:
        gates = ops.matmul(_cast(inputs, cell.compute_dtype), kernel) + gates
    gates = gates + ops.matmul(hidden, recurrent_kernel)
    states = list((kernels.load("lstm_after") or plain_lstm_after)(gates, carry))
    return states[0], states


def plain_lstm_after(gates, carry):
    """What an LSTM makes of its gates, before their activations.

    Args:
        gates: `(batch, 4 * units)`, in the order of Keras: input gate, forget gate, carry, output
            gate.
        carry: of the step before, `(batch, units)`.

    Returns:
        The output and the next carry.
    """
    enter, forget, new, leave = ops.split(gates, 4, axis=-1)
    carry = ops.sigmoid(forget) * carry + ops.sigmoid(enter) * ops.tanh(new)
    return ops.sigmoid(leave) * ops.tanh(carry), carry


def _cast(tensor, dtype):
    """`tensor` in a dtype, for nothing where it has it: this is done at every step."""
    tensor = ops.convert_to_tensor(tensor)
    same = keras.backend.standardize_dtype(tensor.dtype) == dtype
    return tensor if same else ops.cast(tensor, dtype)


def _is_plain_lstm(cell):
    """Whether it does no more and no less than the equations."""
    return (
        type(cell) is keras.layers.LSTMCell
        and cell.activation is keras.activations.tanh
        and cell.recurrent_activation is keras.activations.sigmoid
        and cell.use_bias
        and not (cell.dropout or cell.recurrent_dropout)
        and not cell.quantization_mode
    )
