import keras
from keras import ops

from keras_attn.layers.same_draws import SameDraws
from keras_attn.ops.random_numbers import uniform


@keras.saving.register_keras_serializable(package="keras_attn")
class Dropout(SameDraws, keras.layers.Dropout):
    """`keras.layers.Dropout`, with random numbers that cost as little when XLA compiles them.

    Args, call arguments, and what is returned: see `keras.layers.Dropout`.
    """

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        shape = ops.shape(inputs)
        if self.noise_shape is not None:
            pairs = zip(self.noise_shape, shape, strict=True)
            shape = tuple(size if size is not None else whole for size, whole in pairs)
        kept = uniform(shape, "float32", self.seed_generator) >= self.rate
        return ops.where(kept, inputs / (1.0 - self.rate), ops.zeros_like(inputs))
