import keras
from keras import ops

from keras_attn.ops import precision
from keras_attn.ops.precision import as_float32


@keras.saving.register_keras_serializable(package="keras_attn")
class SparsityPenalty(keras.layers.Layer):
    """Adds the L1 norm of codes to the loss, a mean over the batch, and returns the codes.

    An activity regularizer of Keras takes the mean or the sum over the batch, by its version.

    Args:
        weight: of the penalty.
    """

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, code):
        norms = ops.sum(ops.abs(as_float32(code)), axis=-1)
        self.add_loss(self.weight * precision.mean(norms))
        return code

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}
