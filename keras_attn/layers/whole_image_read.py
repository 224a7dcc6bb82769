import keras
from keras import ops

from keras_attn.layers.arguments import shapes_of
from keras_attn.layers.image_window import checked_data_format, images_and_state


@keras.saving.register_keras_serializable(package="keras_attn")
class WholeImageRead(keras.layers.Layer):
    """Reads all of an image: the read of DRAW without attention.

    `read(x, x̂, h_dec) = [x, x̂]`

    | here | in the paper |
    | --- | --- |
    | `image`, `error_image` | `x`, `x̂` |
    | `decoder_state` | `h_dec`, which is not asked |

    It takes what `DRAWRead` takes, so that the one can replace the other.

    Args:
        data_format: of images, `"channels_last"` or `"channels_first"`; by default that of Keras.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: a list `[image, error_image, decoder_state]`, or `[image, decoder_state]`; images
            `(batch, height, width, channels)`, or with the channels first, the state `(batch,
            units)`.

    Returns:
        `(batch, 2 * height * width * channels)`: the image, then the error.

    Raises:
        ValueError: for an unknown data format, and for inputs of other ranks or images that differ.

    Example:

    >>> image, state = np.ones((2, 8, 8, 1)), np.ones((2, 16))
    >>> keras_attn.WholeImageRead()([image, image, state]).shape == (2, 128)
    True

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 3.1,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.projection = None

    def build(self, input_shape):
        images_and_state(input_shape, self.data_format)

    def call(self, inputs):
        images_and_state(shapes_of(inputs), self.data_format)
        return self.look(inputs[:-1], None)[0]

    def look(self, images, numbers):
        """The images as vectors, and None for a window; see `DRAWRead`."""
        size = images[0].shape[1] * images[0].shape[2] * images[0].shape[3]
        flat = [ops.reshape(image, (-1, size)) for image in images]
        return ops.concatenate(flat, axis=-1), None

    def compute_output_shape(self, input_shape):
        (height, width, channels), images = images_and_state(input_shape, self.data_format)
        return (input_shape[-1][0], images * height * width * channels)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}
