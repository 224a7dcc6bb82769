import functools

import keras
from keras import ops

from keras_attn.layers.same_draws import same_draws
from keras_attn.ops.random_numbers import uniform


def fast_dropout(rate, **kwargs):
    """A `keras.layers.Dropout` with random numbers that cost as little when XLA compiles them.

    It draws the same numbers again when it is rematerialized. Methods of the object are replaced
    and its class is not, so that a file names Keras's own class.

    Args:
        rate, **kwargs: of `keras.layers.Dropout`.
    """
    layer = keras.layers.Dropout(rate, **kwargs)

    @functools.wraps(layer.call)
    def call(inputs, training=False):
        if not training or not layer.rate:
            return inputs
        shape = ops.shape(inputs)
        if layer.noise_shape is not None:
            pairs = zip(layer.noise_shape, shape, strict=True)
            shape = tuple(size if size is not None else whole for size, whole in pairs)
        kept = uniform(shape, "float32", layer.seed_generator) >= layer.rate
        return ops.where(kept, inputs / (1.0 - layer.rate), ops.zeros_like(inputs))

    rematerialized_call = layer.rematerialized_call

    @functools.wraps(rematerialized_call)
    def rematerialized_call_with_same_draws(layer_call, *args, **kwargs):
        return rematerialized_call(same_draws(layer, layer_call), *args, **kwargs)

    layer.call = call
    layer.rematerialized_call = rematerialized_call_with_same_draws
    return layer
