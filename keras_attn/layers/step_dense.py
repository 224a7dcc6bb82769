import keras


class StepDense(keras.layers.Dense):
    """A dense layer that takes a sequence of one step without its axis of steps.

    TensorFlow's product of rank 3 is one that XLA cannot differentiate inside of a loop.
    """

    def call(self, inputs, training=None):
        if len(inputs.shape) == 3 and inputs.shape[1] == 1:
            return super().call(inputs[:, 0], training=training)[:, None]
        return super().call(inputs, training=training)

    def quantize(self, mode=None, type_check=True, **options):
        # Keras refuses classes that it does not know; a step alone is quantized as all others.
        return super().quantize(mode, type_check=False, **options)
