import keras
from keras import ops

from keras_attn.layers.arguments import check_axes
from keras_attn.layers.composite import Composite, unbuilt_config
from keras_attn.layers.memory_cell import MemoryCell
from keras_attn.layers.recurrent import with_hoisted_variables
from keras_attn.ops.recurrence import over_steps


@keras.saving.register_keras_serializable(package="keras_attn")
class MemoryRNN(Composite, keras.layers.RNN):
    """`keras.layers.RNN` around a cell with an external memory.

    `trace` returns the outputs, the parameters of the heads, their weights and the memory at every
    step. A stateful layer starts from the initial memory and weights of its cell, read at the first
    call and again after weights are loaded. `reset_state` restores these initial states;
    `keras.layers.RNN` would write zeros.

    Convention: a step that is masked puts out what the step before did. Before the first that is
    not, Keras puts out zeros on TensorFlow and PyTorch, and on JAX the output that the first state
    holds: nothing of the controller, and what is read first.

    On JAX, `fit`, `evaluate` and `predict` of Keras discard the states of all stateful layers after
    each batch. To process a long sequence in pieces on JAX, call the model, or use
    `return_state=True` and `initial_state`. `set_weights` of a whole model keeps the states of the
    current sequence; call `reset_state` to start a new one.

    Args:
        cell: an `NTMCell`, a `DNCCell` or an `MANNCell`.
        **kwargs: of `keras.layers.RNN`: `return_sequences`, `return_state`, `stateful`,
            `go_backwards`, `unroll`, `zero_output_for_mask`.

    Call arguments, and what is returned: see `keras.layers.RNN`.

    Raises:
        ValueError: for a cell of another kind.

    Example:

    >>> layer = keras_attn.MemoryRNN(keras_attn.DNCCell(16, 8, 4), return_sequences=True)
    >>> layer(np.ones((2, 5, 3))).shape == (2, 5, 20)
    True
    >>> layer.trace(np.ones((2, 5, 3)))["usage"].shape == (2, 5, 8)
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, https://arxiv.org/abs/1410.5401; Graves et
        al., "Hybrid computing using a neural network with dynamic external memory", 2016,
        https://doi.org/10.1038/nature20101
    """

    # What the cell has to be.
    kind = MemoryCell

    def __init__(self, cell, **kwargs):
        if not isinstance(cell, self.kind):
            units = cell if isinstance(cell, int) else 64
            raise ValueError(
                f"`cell` must be of kind {self.kind.__name__}, as in "
                f"{type(self).__name__}(NTMCell({units})). Received: cell={cell!r}"
            )
        super().__init__(cell, **kwargs)
        with_hoisted_variables(self)

    def build(self, sequences_shape, initial_state_shape=None):
        check_axes("sequences", sequences_shape, "batch, steps, features")
        super().build(sequences_shape, initial_state_shape)
        if self.stateful:
            # Not a weight, as the states are not: files fit stateful and stateless layers.
            has_started = keras.Variable(False, dtype="bool", trainable=False, name="has_started")
            object.__setattr__(self, "_has_started", has_started)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if self.stateful and initial_state is None:
            first = self.get_initial_state(self.states[0].shape[0])
            has_started = ops.convert_to_tensor(self._has_started)
            initial_state = [
                ops.where(has_started, ops.convert_to_tensor(state), ops.cast(value, state.dtype))
                for state, value in zip(self.states, first, strict=True)
            ]
        outputs = super().call(sequences, initial_state, mask, training)
        if self.stateful:
            self._has_started.assign(True)
        return outputs

    def reset_state(self):
        if self.states is not None:
            batch = self.states[0].shape[0]
            for variable, value in zip(self.states, self.get_initial_state(batch), strict=True):
                variable.assign(value)
            self._restart_sequence()

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self._restart_sequence()

    def set_weights(self, weights):
        super().set_weights(weights)
        self._restart_sequence()

    def _restart_sequence(self):
        """Makes the next call start from the initial state."""
        if self.states is not None:
            self._has_started.assign(False)

    def trace(self, sequences, initial_state=None, mask=None):
        """Records the outputs, head parameters, weights and memory at every step.

        Args:
            sequences: Tensor of shape `(batch, steps, features)`. With `go_backwards=True` the
                trace has the order of processing.
            initial_state: a list of states, by default the first ones.
            mask: Boolean tensor of shape `(batch, steps)`. At `False` steps the memory and the
                weights are unchanged, and all other entries are zero. `None` for no mask.

        Returns:
            A dictionary of tensors: `output`, `(batch, steps, output_size)`; `read_weights` and
            `write_weights`, `(batch, steps, heads, memory_locations)`; `reads`, `(batch, steps,
            heads, memory_width)`; `memory`, `(batch, steps, memory_locations, memory_width)` after
            each step; all that the heads were told, as `add`, `(batch, steps, heads,
            memory_width)`; and what else the cell remembers, as `usage`, `precedence` and `links`
            of a `DNCCell`, `(batch, steps, memory_locations, ...)`.
        """
        cell = self.cell
        sequences = ops.cast(ops.convert_to_tensor(sequences), cell.compute_dtype)
        check_axes("sequences", sequences.shape, "batch, steps, features")
        if not self.built:
            self.build(tuple(sequences.shape))
        sequences = [sequences]
        if mask is not None:
            sequences.append(ops.cast(mask, "bool")[..., None])
        if self.go_backwards:
            sequences = [ops.flip(each, axis=1) for each in sequences]
        if initial_state is None:
            initial_state = self.get_initial_state(ops.shape(sequences[0])[0])
        initial_state = [ops.cast(state, cell.compute_dtype) for state in initial_state]
        shapes, names = cell.memory_shapes, []

        def step(slices, state):
            inputs, *counts = slices
            output, after = cell(inputs, state)
            told = {"output": output, **cell.told(output[:, : cell.units])}
            if counts:
                after = [
                    ops.where(counts[0], new, old) for new, old in zip(after, state, strict=True)
                ]
                told = {name: _where(counts[0], each) for name, each in told.items()}
            names[:] = [*told, *shapes]
            return [*told.values(), *after[-len(shapes) :]], after

        found, _ = over_steps(step, sequences, initial_state)
        found = dict(zip(names, found, strict=True))
        batch, steps = ops.shape(found["output"])[:2]
        for name, shape in shapes.items():
            found[name] = ops.reshape(found[name], (batch, steps, *shape))
        weights, reads = found.pop("weights"), found["output"][..., cell.units :]
        return {
            **found,
            "read_weights": weights[:, :, : cell.num_read_heads],
            "write_weights": weights[:, :, cell.num_read_heads :],
            "reads": ops.reshape(reads, (batch, steps, cell.num_read_heads, cell.memory_width)),
        }

    def get_config(self):
        return {**super().get_config(), "cell": unbuilt_config(self.cell)}


def _where(mask, values):
    """Returns values `(batch, ...)` where a mask `(batch, 1)` is true, and zeros elsewhere."""
    mask = ops.reshape(mask, (-1, *[1] * (len(values.shape) - 1)))
    return ops.where(mask, values, ops.zeros_like(values))
