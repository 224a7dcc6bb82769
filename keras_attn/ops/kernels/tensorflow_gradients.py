"""Helpers of kernels with custom gradients on TensorFlow."""

import tensorflow as tf


def unseen(*tensors):
    """The tensors for a compiled function whose gradient is another function's business.

    A tape that saw them would have the compiled function keep all that it makes.
    """
    return tuple(map(tf.stop_gradient, tensors))


def refuse_second_derivative(name):
    """The gradient of a gradient that has none: an error rather than a wrong number."""

    def refuse(*_):
        raise NotImplementedError(f"`{name}` has no second derivative on TensorFlow.")

    return refuse


def values(*tensors):
    """Tensors as they are, variables as what they hold: a custom gradient takes no variables."""
    return tuple(map(tf.convert_to_tensor, tensors))


def with_shape(tensor, shape):
    """Sets the static shape of the result of a compiled function, and returns the result.

    A `tf.function` traced with dynamic sizes is reused for static sizes, and its result then has no
    static shape.
    """
    tensor.set_shape(shape)
    return tensor
