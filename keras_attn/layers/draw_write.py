import keras

from keras_attn.layers.image_window import (
    ImageWindow,
    channels_last_shape,
    from_channels_last,
    image_shape_argument,
)
from keras_attn.ops.glimpse import NUMBERS, paint


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAWWrite(ImageWindow):
    """Writes a patch onto a canvas through a window of Gaussian filters: the write of DRAW.

    `w = W_w h_dec`, `(ĝ_X, ĝ_Y, log σ̂², log δ̂, log γ̂) = W h_dec`, `write(h_dec) = F̂_Yᵀ w F̂_X / γ̂`

    | here | in the paper |
    | --- | --- |
    | `decoder_state` | `h_dec` of this step |
    | `patch_size` | `N` |
    | `projection` | `W_w` and `W` side by side, with a bias |
    | `keras_attn.ops.gaussian_window` | `ĝ_X`, `ĝ_Y`, `δ̂`, `σ̂²`, `γ̂` |
    | `keras_attn.ops.gaussian_filters` | `F̂_X`, `F̂_Y` |

    Its window is its own, and not that of the read.

    Convention: windows are in pixels, and 0 is the middle of the first one, see
    `keras_attn.ops.gaussian_window`.

    Args:
        patch_size: `N`, filters in each direction; 5 for the paper's digits.
        image_shape: of the canvas, `(height, width, channels)`, or with the channels first.
        padding_mode: `"border"` or `"zeros"`: whether filters outside of the image write to its
            border, or nowhere.
        data_format: of images, `"channels_last"` or `"channels_first"`; by default that of Keras.
        kernel_initializer, bias_initializer, kernel_regularizer: of the projection.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        decoder_state: `(batch, units)`.
        return_window: whether the window is returned too.

    Returns:
        What is added to the canvas, `(batch, *image_shape)`; with `return_window=True` a tuple of
        it and the window, see `DRAWRead`.

    Raises:
        ValueError: if `patch_size` is not a positive integer, for an `image_shape` of another rank,
            an unknown `padding_mode` or data format, and for a state of another rank.

    Example:

    >>> layer = keras_attn.DRAWWrite(5, (28, 28, 1), data_format="channels_last")
    >>> layer(np.ones((2, 16))).shape == (2, 28, 28, 1)
    True

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 3,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(self, patch_size, image_shape, **kwargs):
        super().__init__(patch_size, **kwargs)
        self.image_shape = image_shape_argument(image_shape)
        self.canvas_shape = channels_last_shape(self.image_shape, self.data_format)

    def build(self, input_shape):
        check_state(input_shape)
        self.projection = self.projection_to(self.patch_size**2 * self.canvas_shape[-1] + NUMBERS)
        self.projection.build(input_shape)

    def call(self, decoder_state, return_window=False):
        check_state(decoder_state.shape)
        image, window = self.paint(self.projection(decoder_state))
        image = from_channels_last(image, self.data_format)
        return (image, self.described(window)) if return_window else image

    def paint(self, numbers):
        """A patch put where its window is, without the projection.

        Args:
            numbers: what the projection made of the state: of the patch, then of the window.

        Returns:
            What is added to the canvas, `(batch, height, width, channels)`, and a `GaussianWindow`.
        """
        return paint(numbers, self.canvas_shape, self.patch_size, self.padding_mode)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.image_shape)

    def compute_output_spec(self, decoder_state, return_window=False):
        batch = decoder_state.shape[0]
        image = keras.KerasTensor((batch, *self.image_shape), self.compute_dtype)
        return (image, self.window_spec(batch)) if return_window else image

    def get_config(self):
        return {**super().get_config(), "image_shape": self.image_shape}


def check_state(shape):
    """Refuses the shape of a state that is not `(batch, units)`."""
    if len(shape) != 2:
        raise ValueError(
            f"`decoder_state` must be (batch, units). Received: decoder_state.shape={tuple(shape)}"
        )
