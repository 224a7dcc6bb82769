import functools


def step_dense(layer):
    """Makes a dense layer squeeze the step axis of sequences of length 1, and returns the layer.

    XLA cannot differentiate TensorFlow's product of rank 3 inside a loop. The method is replaced on
    the instance. The class stays `keras.layers.Dense`, so that Keras quantizes and saves the layer
    as its own.

    Args:
        layer: A `keras.layers.Dense`.
    """
    call = layer.call

    @functools.wraps(call)
    def call_step(inputs, training=None):
        if len(inputs.shape) == 3 and inputs.shape[1] == 1:
            return call(inputs[:, 0], training=training)[:, None]
        return call(inputs, training=training)

    layer.call = call_step
    return layer
