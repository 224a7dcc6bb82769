"""Loops over steps that can be differentiated and compiled on every backend."""

from keras import ops

from keras_attn.ops import kernels
from keras_attn.ops.known import known


def over_steps(function, sequences, state):
    """Calls `function(step, state)` for each step of sequences, in order.

    `keras.ops.scan` cannot be differentiated on TensorFlow with XLA, and `keras.layers.RNN` takes
    no function, one sequence and one output.

    Args:
        function: takes the step of each sequence, `(batch, ...)`, and the state, and returns a
            list of outputs `(batch, ...)` and the next state; shapes and dtypes of the state stay.
        sequences: list of `(batch, steps, ...)`.
        state: list of tensors.

    Returns:
        The outputs, `(batch, steps, ...)`, and the last state, both lists.
    """
    sequences, state = list(sequences), list(state)
    steps = sequences[0].shape[1]
    if known(steps) and steps <= 1:
        # Without a step the outputs are those of zeros, of which none is left.
        first = [s[:, 0] if steps else ops.zeros_like(ops.sum(s, axis=1)) for s in sequences]
        outputs, after = function(first, state)
        return [output[:, None][:, :steps] for output in outputs], list(after) if steps else state
    return (kernels.load("over_steps") or plain_over_steps)(function, sequences, state)


def plain_over_steps(function, sequences, state):
    """`over_steps` as a loop in Python, for a known number of steps."""
    found = []
    # Taken apart at once: the gradient of a slice is as large as what it is cut from.
    for slices in zip(*[ops.unstack(each, axis=1) for each in sequences], strict=True):
        outputs, state = function(list(slices), state)
        found.append(outputs)
    return [ops.stack(each, axis=1) for each in zip(*found, strict=True)], list(state)
