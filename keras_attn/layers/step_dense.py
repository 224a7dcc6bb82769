import functools

import keras


def step_dense(units, **kwargs):
    """Returns a `keras.layers.Dense` that squeezes the step axis of sequences of length 1.

    XLA cannot differentiate the rank 3 product of TensorFlow inside a loop. A method of the object
    is replaced, not its class, so that Keras can quantize the layer.

    Args:
        units: Positive integer, width of the output.
        **kwargs: Arguments of `keras.layers.Dense`.
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
