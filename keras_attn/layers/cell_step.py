import keras
from keras import ops

from keras_attn.layers.dense_step import is_plain
from keras_attn.ops import kernels, precision


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
    # Also for float64, which the cell of Keras casts to float32 on some backends.
    is_useful = kernels.load("lstm_step") or cell.compute_dtype == "float64"
    if not is_useful or not _is_plain_lstm(cell):
        return cell(inputs, states, training=training)
    inputs, *states = (_cast(each, cell.compute_dtype) for each in (inputs, *states))
    states = lstm_steps(cell)(inputs, states)
    return states[0], states


def lstm_steps(cell, known=None, dtype=None):
    """The steps of an LSTM, for a loop: what is the same at every step is made here, before it.

    A rematerialized, regularized, quantized or subclassed cell is called as a layer.

    Args:
        cell: a `keras.layers.LSTMCell` without dropout, built.
        known: inputs that are the same at every step, `(batch, known)`; the first of its inputs.
        dtype: String, dtype of all inputs and results. Default: that in which the cell computes,
            whose dtype policy may differ from the policy of the layer that owns it.

    Returns:
        A function of the other inputs, `(batch, width)` or None where there is no other, and of
        output and carry of the step before, `(batch, units)` each. It returns a list of the next
        output and carry.
    """
    if dtype in (None, cell.compute_dtype):
        return _lstm_steps(cell, known)
    steps = _lstm_steps(cell, None if known is None else ops.cast(known, cell.compute_dtype))

    def cast_steps(inputs, states):
        inputs, *states = (
            None if each is None else ops.cast(each, cell.compute_dtype)
            for each in (inputs, *states)
        )
        return [ops.cast(state, dtype) for state in steps(inputs, states)]

    return cast_steps


def _lstm_steps(cell, known):
    if not _is_plain_lstm(cell):

        def call(inputs, states):
            parts = [each for each in (known, inputs) if each is not None]
            return list(cell(ops.concatenate(parts, axis=-1), states)[1])

        return call
    kernel, recurrent_kernel, bias = (
        _cast(each, cell.compute_dtype) for each in (cell.kernel, cell.recurrent_kernel, cell.bias)
    )
    if known is not None:
        count = known.shape[-1]
        bias, kernel = precision.matmul(known, kernel[:count]) + bias, kernel[count:]
    step = kernels.load("lstm_step") or plain_lstm_step
    return lambda inputs, states: list(step(inputs, states, kernel, recurrent_kernel, bias))


def plain_lstm_step(inputs, states, kernel, recurrent_kernel, bias):
    """The equations of `keras.layers.LSTMCell`.

    Args:
        inputs: `(batch, width)`, or None.
        states: output and carry of the step before, `(batch, units)` each.
        kernel: `(width, 4 * units)`; like the next two in the order of Keras: input gate, forget
            gate, carry, output gate.
        recurrent_kernel: `(units, 4 * units)`.
        bias: `(4 * units,)` or `(batch, 4 * units)`.

    Returns:
        The next output and carry.
    """
    hidden, carry = states
    gates = precision.matmul(hidden, recurrent_kernel) + bias
    if inputs is not None:
        gates = gates + precision.matmul(inputs, kernel)
    enter, forget, new, leave = ops.split(gates, 4, axis=-1)
    carry = ops.sigmoid(forget) * carry + ops.sigmoid(enter) * precision.tanh(new)
    return ops.sigmoid(leave) * precision.tanh(carry), carry


def _cast(tensor, dtype):
    """`tensor` in a dtype, for nothing where it has it: this is done at every step."""
    tensor = ops.convert_to_tensor(tensor)
    same = keras.backend.standardize_dtype(tensor.dtype) == dtype
    return tensor if same else ops.cast(tensor, dtype)


def _is_plain_lstm(cell):
    """True for a standard LSTM: tanh and sigmoid, bias, no dropout, and `is_plain`."""
    return (
        type(cell) is keras.layers.LSTMCell
        and cell.activation is keras.activations.tanh
        and cell.recurrent_activation is keras.activations.sigmoid
        and cell.use_bias
        and not (cell.dropout or cell.recurrent_dropout)
        and is_plain(cell)
    )
