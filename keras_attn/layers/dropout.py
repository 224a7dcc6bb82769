import functools

import keras
from keras import ops

from keras_attn.layers.same_draws import same_draws
from keras_attn.ops.random_numbers import uniform


def fast_dropout(rate, **kwargs):
    """Returns a `keras.layers.Dropout` whose random numbers stay fast when compiled by XLA.

    A rematerialized layer draws the same mask again. The methods of the object are replaced, not
    its class, so that saved models refer to the class of Keras.

    Args:
        rate: Float between 0 and 1, fraction of the inputs to drop.
        **kwargs: Arguments of `keras.layers.Dropout`.
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
