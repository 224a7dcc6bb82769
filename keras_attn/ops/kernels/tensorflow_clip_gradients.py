"""Gradients that are clipped on their way back, on TensorFlow."""

import tensorflow as tf

from keras_attn.ops.kernels.tensorflow_gradients import values


def clip_gradients(tensors, limit):
    """Equals its arguments, with gradients within the limit."""

    @tf.custom_gradient
    def same(*tensors):
        def clipped(*gradients):
            return [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]

        return [tf.identity(tensor) for tensor in tensors], clipped

    return list(same(*values(*tensors)))
