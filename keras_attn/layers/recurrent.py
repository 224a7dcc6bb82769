"""Keras's recurrent layers, in which the variables of a loop are read once."""

import keras
from keras import ops

from keras_attn.layers.variables_read_once import variables_read_once


class Recurrent:
    """For a `keras.layers.RNN`, which has drawn its dropout masks before the loop.

    A sequence of no steps leaves the state as it was.
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
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


@keras.saving.register_keras_serializable(package="keras_attn")
class GRU(Recurrent, keras.layers.GRU):
    """`keras.layers.GRU`, see there."""


@keras.saving.register_keras_serializable(package="keras_attn")
class LSTM(Recurrent, keras.layers.LSTM):
    """`keras.layers.LSTM`, see there."""
