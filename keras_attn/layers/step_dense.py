import functools

import keras


def step_dense(units, **kwargs):
    """A `keras.layers.Dense` that takes a sequence of one step without its axis of steps.

    TensorFlow's product of rank 3 is one that XLA cannot differentiate inside of a loop. A method
    of the object is replaced and its class is not, so that Keras quantizes it as its own.

    Args:
        units, **kwargs: of `keras.layers.Dense`.
    """
    layer = keras.layers.Dense(units, **kwargs)
    call = layer.call

    @functools.wraps(call)
    def call_step(inputs, training=None):
        if len(inputs.shape) == 3 and inputs.shape[1] == 1:
            return call(inputs[:, 0], training=training)[:, None]
        return call(inputs, training=training)

    layer.call = call_step
    return layer
