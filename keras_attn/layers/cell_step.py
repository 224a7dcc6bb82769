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
    step = kernels.load("lstm_step")
    if not step or not _is_plain_lstm(cell):
        return cell(inputs, states, training=training)
    weights = cell.kernel, cell.recurrent_kernel, cell.bias
    inputs, *given = (_cast(each, cell.compute_dtype) for each in (inputs, *states, *weights))
    states = step(inputs, given[: len(states)], *given[len(states) :])
    return states[0], list(states)


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
