import keras
from keras import ops

from keras_attn.layers.ntm_cell import NTMCell
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class NTM(keras.layers.RNN):
    """A Neural Turing Machine: `keras.layers.RNN` around an `NTMCell`, with what that lacks.

    `reset_state` of a stateful one goes back to the first memory and weights, and not to zeros, and
    `trace` shows what the heads do at every step.

    Args:
        cell: an `NTMCell`.
        **kwargs: of `keras.layers.RNN`: `return_sequences`, `return_state`, `stateful`,
            `go_backwards`, `unroll`, `zero_output_for_mask`.

    Call arguments, and what is returned: see `keras.layers.RNN`.

    Raises:
        ValueError: for a cell of another kind.

    Example:

    >>> layer = keras_attn.NTM(keras_attn.NTMCell(16, 8, 4), return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 20)
    True
    >>> layer.trace(np.ones((2, 5, 3)))["read_weights"].shape == (2, 5, 1, 8)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, cell, **kwargs):
        if not isinstance(cell, NTMCell):
            raise ValueError(f"`cell` must be an NTMCell. Received: {cell!r}")
        super().__init__(cell, **kwargs)

    def reset_state(self):
        if self.states is not None:
            batch = self.states[0].shape[0]
            for variable, value in zip(self.states, self.get_initial_state(batch), strict=True):
                variable.assign(value)

    def trace(self, sequences, initial_state=None):
        """What the heads do at every step.

        Args:
            sequences: `(batch, steps, features)`, all of whose steps count.
            initial_state: a list of states, by default the first ones.

        Returns:
            A dictionary of tensors: `output`, `(batch, steps, output_size)`; `read_weights` and
            `write_weights`, `(batch, steps, heads, memory_locations)`; `reads`, `erase` and `add`,
            `(batch, steps, heads, memory_width)`; `memory`, `(batch, steps, memory_locations,
            memory_width)` after each step.
        """
        cell = self.cell
        sequences = ops.cast(ops.convert_to_tensor(sequences), cell.compute_dtype)
        if not self.built:
            self.build(tuple(sequences.shape))
        if initial_state is None:
            initial_state = self.get_initial_state(ops.shape(sequences)[0])

        def step(slices, state):
            output, after = cell(slices[0], state)
            told = cell.told(output[:, : cell.units])
            return [output, told["erase"], told["add"], after[-2], after[-1]], after

        (output, erase, add, memory, weights), _ = over_steps(step, [sequences], initial_state)
        batch, steps = ops.shape(output)[:2]
        rows, width = cell.memory_locations, cell.memory_width
        weights = ops.reshape(weights, (batch, steps, -1, rows))
        return {
            "output": output,
            "read_weights": weights[:, :, : cell.read_heads],
            "write_weights": weights[:, :, cell.read_heads :],
            "reads": ops.reshape(output[..., cell.units :], (batch, steps, -1, width)),
            "erase": erase,
            "add": add,
            "memory": ops.reshape(memory, (batch, steps, rows, width)),
        }
