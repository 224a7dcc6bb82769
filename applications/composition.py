import keras

from keras_attn.ops import compose


class Composition(keras.layers.Layer):
    """`keras_attn.ops.compose` as a node of a functional model.

    Args:
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        first, second: see `keras_attn.ops.compose`.

    Returns:
        The transformation that applies `first`, then `second`, shaped like `second`.
    """

    def __init__(self, **kwargs):
        # Half precision would misplace pixels.
        super().__init__(autocast=False, **kwargs)

    def call(self, first, second):
        return compose(first, second)

    def compute_output_spec(self, first, second):
        return keras.KerasTensor(second.shape, dtype=second.dtype)
