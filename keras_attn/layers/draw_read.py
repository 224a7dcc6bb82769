import keras

from keras_attn.layers.arguments import shapes_of
from keras_attn.layers.image_window import (
    ImageWindow,
    channels_last,
    images_and_state,
)
from keras_attn.ops.glimpse import NUMBERS, look


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAWRead(ImageWindow):
    """Reads a patch of an image through a window of Gaussian filters: the read of DRAW.

    `(g̃_X, g̃_Y, log σ², log δ̃, log γ) = W h_dec`, `read(x, x̂, h_dec) = γ [F_Y x F_Xᵀ, F_Y x̂ F_Xᵀ]`

    | here | in the paper |
    | --- | --- |
    | `image`, `error_image` | `x`, and `x̂ = x - σ(c)`, what the canvas lacks |
    | `decoder_state` | `h_dec` of the step before |
    | `patch_size` | `N` |
    | `projection` | `W`, with a bias |
    | `keras_attn.ops.gaussian_window` | `g_X`, `g_Y`, `δ`, `σ²`, `γ` |
    | `keras_attn.ops.gaussian_filters` | `F_X`, `F_Y` |

    It is as large and as sharp as the state wants: small strides look at a detail, large ones at
    the whole image. With a projection of zeros it spans a square image.

    Convention: windows are in pixels, and 0 is the middle of the first one, see
    `keras_attn.ops.gaussian_window`.

    Args:
        patch_size: `N`, filters in each direction; 2 for the paper's digits. One filter looks at
            the centre of the window.
        padding_mode: `"border"` or `"zeros"`, what filters outside of the image see.
        data_format: of images, `"channels_last"` or `"channels_first"`; by default that of Keras.
        kernel_initializer, bias_initializer, kernel_regularizer: of the projection.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: a list `[image, error_image, decoder_state]`, or `[image, decoder_state]` for one
            that only reads; images `(batch, height, width, channels)` or with the channels first,
            the state `(batch, units)`.
        return_window: whether the window is returned too.

    Returns:
        What was read, `(batch, 2 * N * N * channels)`: the patch of the image, row by row, then
        that of the error. With `return_window=True` a tuple of it and a dictionary: `center`,
        `(batch, 2)`, x and y; `stride`, `variance`, `intensity`, `(batch,)`; `box`, `(batch, 4)`,
        left, top, right and bottom; all in pixels.

    Raises:
        ValueError: if `patch_size` is not a positive integer, for an unknown `padding_mode` or data
            format, and for inputs of other ranks or images that differ.

    Example:

    >>> layer = keras_attn.DRAWRead(5, data_format="channels_last")
    >>> image, state = np.ones((2, 28, 28, 1)), np.ones((2, 16))
    >>> patch, window = layer([image, image, state], return_window=True)
    >>> patch.shape == (2, 50), window["box"].shape == (2, 4)
    (True, True)

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 3,
        https://arxiv.org/abs/1502.04623
    """

    def build(self, input_shape):
        images_and_state(input_shape, self.data_format)
        self.projection = self.projection_to(NUMBERS)
        self.projection.build(input_shape[-1])

    def call(self, inputs, return_window=False):
        images_and_state(shapes_of(inputs), self.data_format)
        *images, state = inputs
        images = [channels_last(image, self.data_format) for image in images]
        patch, window = self.look(images, self.projection(state))
        return (patch, self.described(window)) if return_window else patch

    def look(self, images, numbers):
        """Reads the window of images, without the projection.

        Args:
            images: a list of `(batch, height, width, channels)`, all of one shape.
            numbers: what the projection made of the state, `(batch, 5)`.

        Returns:
            What was read, `(batch, read_size)`, and a `GaussianWindow`.
        """
        return look(images, numbers, self.patch_size, self.padding_mode)

    def compute_output_shape(self, input_shape):
        (_, _, channels), images = images_and_state(input_shape, self.data_format)
        return (input_shape[-1][0], images * self.patch_size**2 * channels)

    def compute_output_spec(self, inputs, return_window=False):
        shape = self.compute_output_shape(shapes_of(inputs))
        patch = keras.KerasTensor(shape, self.compute_dtype)
        return (patch, self.window_spec(shape[0])) if return_window else patch
