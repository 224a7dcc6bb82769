"""Loops over steps that can be differentiated and compiled on every backend."""

import keras


def over_steps(function, sequence, state, dtype):
    """Calls `function(step, state)` for each step of a sequence, in order.

    It is Keras's own recurrence: `keras.ops.scan` cannot be differentiated on TensorFlow with XLA.

    Args:
        function: takes a step `(batch, width)` and the list of states, and returns an output
            `(batch, units)` and the new states, in dtypes that do not change.
        sequence: `(batch, steps, width)`.
        state: list of `(batch, ...)`.
        dtype: policy of the computation.

    Returns:
        The outputs `(batch, steps, units)` and the last states.
    """
    cell = _FunctionCell(function, [tuple(tensor.shape[1:]) for tensor in state], dtype)
    recurrence = keras.layers.RNN(cell, return_sequences=True, return_state=True, dtype=dtype)
    outputs, *state = recurrence(sequence, initial_state=list(state))
    return outputs, state


class _FunctionCell(keras.layers.Layer):
    """A function as a cell of `keras.layers.RNN`."""

    def __init__(self, function, state_shapes, dtype):
        super().__init__(dtype=dtype, autocast=False)
        self.function = function
        self.state_size = [shape[-1] for shape in state_shapes]
        self.output_size = 1
        self.built = True

    def call(self, inputs, states):
        outputs, states = self.function(inputs, list(states))
        return outputs, list(states)
