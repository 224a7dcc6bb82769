"""Writing to a memory on TensorFlow: nothing but the arguments is kept for the gradient."""

import tensorflow as tf

from keras_attn.ops.external_memory import plain_write_memory, write_gradients
from keras_attn.ops.kernels.tensorflow_gradients import values


def write_memory(memory, weights, erase, add):
    """Equals `plain_write_memory`, with a gradient of its own."""
    arguments = values(memory, weights, erase, add)

    @tf.custom_gradient
    def write(*copies):
        # Not of the copies: in a loop each step would keep them beside the memory itself.
        return plain_write_memory(*copies), lambda gradient: write_gradients(*arguments, gradient)

    return write(*arguments)
