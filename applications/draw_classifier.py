import keras

from keras_attn.applications.arrays import float_array
from keras_attn.applications.functional_model import FunctionalModel
from keras_attn.applications.scaled_images import ScaledImages
from keras_attn.layers import DRAWRead, WholeImageRead
from keras_attn.layers.draw_glimpses import DRAWGlimpses
from keras_attn.layers.image_window import (
    channels_last_shape,
    checked_data_format,
    checked_patch,
    image_shape_argument,
)
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy


@keras.saving.register_keras_serializable(package="keras_attn")
class DRAWClassifier(ScaledImages, FunctionalModel):
    """Classifies an image by a few looks at it, each where the one before suggests: DRAW's reads.

    `r_t = read(x, h_{t-1})`, `h_t = LSTM(h_{t-1}, r_t)`, `logits = W h_T + b`

    | here | in the paper |
    | --- | --- |
    | `image` | `x` |
    | `read_size` | `N` of `read`, 12 × 12 |
    | `steps` | glimpses, 4 or 8 |
    | `units` | of the LSTM, 256 |

    Unlike the hard glimpses of a recurrent attention model, these are trained by their gradients
    alone; a window may be as large as the image, so that the first look sees it as a whole.

    Args:
        image_shape: `(height, width, channels)`, or with the channels first.
        num_classes: kinds of images.
        steps: glimpses.
        units: of the LSTM.
        read_size: filters in each direction; None for a network that sees the whole image at every
            step, without attention.
        padding_mode: `"border"` or `"zeros"`, what filters outside of the image see.
        data_format: of images, by default that of Keras.
        dtype: dtype policy of the layers.
        **kwargs: of `keras.Model`.

    Call arguments:
        image: `(batch, *image_shape)`.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: for sizes that are no positive integers, an image shape of another rank, or a
            patch larger than the image.

    Example:

    >>> model = keras_attn.applications.DRAWClassifier(
    ...     (16, 16, 1), 10, steps=3, units=8, read_size=4, data_format="channels_last"
    ... )
    >>> model(np.zeros((2, 16, 16, 1))).shape == (2, 10)
    True
    >>> model.windows(np.zeros((2, 16, 16, 1)))["box"].shape
    (2, 3, 4)

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section 4.1,
        https://arxiv.org/abs/1502.04623
    """

    def __init__(
        self,
        image_shape,
        num_classes,
        steps=8,
        units=256,
        read_size=12,
        padding_mode="border",
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        self.image_shape = image_shape = image_shape_argument(image_shape)
        num_classes = positive_integer("num_classes", num_classes)
        data_format = checked_data_format(data_format)
        checked_patch("read_size", read_size, image_shape, data_format)
        options = {"data_format": data_format, "dtype": dtype, "name": "read"}
        if read_size is None:
            reader = WholeImageRead(**options)
        else:
            reader = DRAWRead(read_size, padding_mode, **options)

        # === Layers ===
        self.glimpses = DRAWGlimpses(reader, units, steps, dtype=dtype, name="glimpses")
        self.logits = keras.layers.Dense(num_classes, dtype=dtype, name="logits")

        # === Functional model ===
        image = keras.Input(image_shape, name="image")
        precise = keras.layers.Activation("linear", dtype=float32_policy(dtype), name="precise")
        outputs = precise(self.logits(self.glimpses(image)))
        super().__init__(image, outputs, **kwargs)

    def initialize_to_full_image(self):
        """Sets the first window over the whole image, with filters that leave nothing out.

        With the paper's, filters are a pixel wide and far apart, and what lies between them is not
        seen. Call it before training.

        Raises:
            ValueError: without attention.
        """
        if self.read_size is None:
            raise ValueError(
                "`initialize_to_full_image` needs a model with attention. Received: read_size=None"
            )
        height, width, _ = channels_last_shape(self.image_shape, self.data_format)
        self.glimpses.reader.initialize_to_full_image((height, width))

    def windows(self, images, batch_size=256):
        """Computes the read window of every step.

        Args:
            images: `(batch, *image_shape)`.
            batch_size: images at a time.

        Returns:
            A dictionary of NumPy arrays `(batch, steps, ...)`, see `keras_attn.DRAWRead`.

        Raises:
            ValueError: If the model has no attention, or the images are not scaled.
        """
        if self.read_size is None:
            raise ValueError("`windows` needs a model with attention. Received: read_size=None")
        self.check_scale("images", images)
        return self._compiled("windows", self._windows, batch_size, float_array("images", images))

    def _windows(self, image):
        return self.glimpses(image, return_windows=True)[1]
