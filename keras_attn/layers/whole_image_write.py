import keras
from keras import ops

from keras_attn.layers.composite import Composite
from keras_attn.layers.draw_write import check_state
from keras_attn.layers.image_window import (
    channels_last_shape,
    checked_data_format,
    from_channels_last,
    image_shape_argument,
)


@keras.saving.register_keras_serializable(package="keras_attn")
class WholeImageWrite(Composite, keras.layers.Layer):
    """Writes all over a canvas: the write of DRAW without attention.

    `write(h_dec) = W h_dec`

    | here | in the paper |
    | --- | --- |
    | `decoder_state` | `h_dec` |
    | `projection` | `W`, with a bias |

    It takes what `DRAWWrite` takes, so that the one can replace the other.

    Args:
        image_shape: of the canvas, `(height, width, channels)`, or with the channels first.
        data_format: of images, `"channels_last"` or `"channels_first"`; by default that of Keras.
        kernel_initializer, bias_initializer, kernel_regularizer: of the projection.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        decoder_state: `(batch, units)`.

    Returns:
        What is added to the canvas, `(batch, *image_shape)`.

    Raises:
        ValueError: for an `image_shape` of another rank, an unknown data format, and for a state of
            another rank.

    Example:

    >>> layer = keras_attn.WholeImageWrite((8, 8, 1))
    >>> layer(np.ones((2, 16))).shape == (2, 8, 8, 1)
    True

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 3.1,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(
        self,
        image_shape,
        data_format=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = image_shape_argument(image_shape)
        self.data_format = checked_data_format(data_format)
        self.canvas_shape = channels_last_shape(self.image_shape, self.data_format)
        height, width, channels = self.canvas_shape
        self.projection = keras.layers.Dense(
            height * width * channels,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            dtype=self.dtype_policy,
            name="projection",
        )

    def build(self, input_shape):
        check_state(input_shape)
        self.projection.build(input_shape)

    def call(self, decoder_state):
        check_state(decoder_state.shape)
        image, _ = self.paint(self.projection(decoder_state))
        return from_channels_last(image, self.data_format)

    def paint(self, numbers):
        """The canvas of `(batch, height * width * channels)` numbers, and None for a window; see
        `DRAWWrite`."""
        return ops.reshape(numbers, (-1, *self.canvas_shape)), None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.image_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "data_format": self.data_format,
            "kernel_initializer": keras.initializers.serialize(self.projection.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.projection.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.projection.kernel_regularizer),
        }
