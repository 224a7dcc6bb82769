"""What the kernels with gradients of their own share on TensorFlow."""

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
    """The result of a compiled function, with the sizes that its arguments have.

    A `tf.function` that was traced with free sizes serves calls with known ones as well, and then
    forgets them.
    """
    tensor.set_shape(shape)
    return tensor
