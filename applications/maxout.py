import keras

from keras_attn.ops import precision


@keras.saving.register_keras_serializable(package="keras_attn")
class Maxout(keras.layers.Layer):
    """The larger of two linear maps, `max(W_1 x + b_1, W_2 x + b_2)`.

    Goodfellow et al., "Maxout Networks", 2013, https://arxiv.org/abs/1302.4389.

    Args:
        units: width of the output.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.both = keras.layers.Dense(2 * units, dtype=self.dtype_policy, name="both")

    def build(self, input_shape):
        self.both.build(input_shape)

    def call(self, inputs):
        both = self.both(inputs)
        return precision.maximum(both[..., : self.units], both[..., self.units :])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
