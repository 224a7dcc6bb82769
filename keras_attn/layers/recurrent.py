"""Keras's recurrent layers, in which the variables of a loop are read once."""

import keras

from keras_attn.layers.variables_read_once import variables_read_once


class Recurrent:
    """For a `keras.layers.RNN`, which has drawn its dropout masks before the loop."""

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
