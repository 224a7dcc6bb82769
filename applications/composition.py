import keras

from keras_attn.ops import compose_transformations


@keras.saving.register_keras_serializable(package="keras_attn")
class Composition(keras.layers.Layer):
    """`keras_attn.ops.compose_transformations` as a node of a functional model.

    Args:
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        first, second: see `keras_attn.ops.compose_transformations`.

    Returns:
        The transformation that applies `first`, then `second`, shaped like `second`.
    """

    def __init__(self, **kwargs):
        # Half precision would misplace pixels.
        super().__init__(autocast=False, **kwargs)

    def call(self, first, second):
        return compose_transformations(first, second)

    def compute_output_spec(self, first, second):
        return keras.KerasTensor(second.shape, dtype=second.dtype)
