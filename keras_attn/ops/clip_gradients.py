import keras
from keras import ops

from keras_attn.ops import kernels
from keras_attn.ops.checks import check_number


def clip_gradients(tensors, limit):
    """Tensors as they are, whose gradients are clipped on their way back.

    `∂L/∂x = clip(∂L/∂y, -limit, limit)` of every number of `y = x`

    Between the steps of a loop it bounds what gradients grow to in going through it. Clipping what
    comes out at the end, as optimizers do, cannot: what has grown too large hides all the rest, and
    a norm of it may be infinite.

    Args:
        tensors: a list of tensors `x`, of any shapes.
        limit: positive. Where an optimizer scales the loss, as in half precision, it is that of the
            scaled gradients.

    Returns:
        A list like `tensors`. On a backend without gradients it is the same.

    Raises:
        ValueError: if `limit` is not positive.

    Example:

    >>> state = keras.ops.convert_to_tensor([1.0, 2.0])
    >>> (same,) = keras_attn.ops.clip_gradients([state], limit=10.0)
    >>> keras.ops.convert_to_numpy(same).tolist()
    [1.0, 2.0]

    Reference:
        Graves, "Generating Sequences With Recurrent Neural Networks", 2013, section 2.1,
        https://arxiv.org/abs/1308.0850
    """
    check_number("limit", limit, "be positive", lambda value: value > 0)
    tensors = list(map(ops.convert_to_tensor, tensors))
    clip = kernels.load("clip_gradients")
    if clip is None or any(map(keras.utils.is_keras_tensor, tensors)):
        return tensors
    return clip(tensors, float(limit))
