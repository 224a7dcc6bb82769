"""Keras's recurrent layers, in which the variables of a loop are read once."""

import keras
from keras import ops

from keras_attn.layers.arguments import check_axes
from keras_attn.layers.variables_read_once import variables_read_once
from keras_attn.ops.compiled_steps import compiled_step, steps_are_compiled
from keras_attn.ops.recurrence import over_steps


class Recurrent:
    """For a `keras.layers.RNN`, which has drawn its dropout masks before the loop.

    A sequence of no steps leaves the state as it was.
    """

    def build(self, sequences_shape, initial_state_shape=None):
        check_axes("sequences", sequences_shape, "batch, steps, features")
        super().build(sequences_shape, initial_state_shape)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        check_axes("sequences", sequences.shape, "batch, steps, features")
        if sequences.shape[1] != 0:
            return super().call(sequences, initial_state, mask, training)
        # Keras looks at the first step; of a masked one nothing comes.
        sequences = ops.pad(sequences, ((0, 0), (0, 1), (0, 0)))
        mask = ops.zeros(ops.shape(sequences)[:2], "bool")
        found = super().call(sequences, initial_state, mask, training)
        if not self.return_sequences:
            return found
        if not self.return_state:
            return found[:, :0]
        return found[0][:, :0], *found[1:]

    def inner_loop(self, *args, **kwargs):
        with variables_read_once(self):
            return super().inner_loop(*args, **kwargs)


@keras.saving.register_keras_serializable(package="keras_attn")
class RNN(Recurrent, keras.layers.RNN):
    """`keras.layers.RNN`, see there."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not steps_are_compiled():
            return super().inner_loop(sequences, initial_state, mask, training)
        # What Keras's loop gives, by one whose step is compiled.
        mask = [] if mask is None else keras.tree.flatten(mask)[:1]
        sequences = [sequences, *(ops.cast(each, "bool")[..., None] for each in mask)]
        if self.go_backwards:
            sequences = [ops.flip(each, axis=1) for each in sequences]
        arguments = {"training": training} if self.cell._call_has_training_arg else {}
        nested = any(map(keras.tree.is_nested, initial_state))

        def step(slices, state):
            inputs, *runs = slices
            before, *state = state
            given = keras.tree.pack_sequence_as(initial_state, state) if nested else state
            output, after = self.cell(inputs, given, **arguments)
            after = keras.tree.flatten(after)
            if not runs:
                return [output], [output, *after]
            (here,) = runs
            kept = ops.where(here, output, before)
            shown = ops.where(here, output, 0.0) if self.zero_output_for_mask else kept
            after = [ops.where(here, new, old) for new, old in zip(after, state, strict=True)]
            return [shown], [kept, *after]

        state = keras.tree.flatten(initial_state)
        width = (
            getattr(self.cell, "output_size", None) or keras.tree.flatten(self.cell.state_size)[0]
        )
        before = ops.zeros((ops.shape(state[0])[0], width), state[0].dtype)
        (outputs,), (_, *state) = over_steps(compiled_step(step), sequences, [before, *state])
        return outputs[:, -1], outputs, keras.tree.pack_sequence_as(initial_state, state)


@keras.saving.register_keras_serializable(package="keras_attn")
class GRU(Recurrent, keras.layers.GRU):
    """`keras.layers.GRU`, see there."""


@keras.saving.register_keras_serializable(package="keras_attn")
class LSTM(Recurrent, keras.layers.LSTM):
    """`keras.layers.LSTM`, see there."""
