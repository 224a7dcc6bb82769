import keras
import numpy as np
from keras import ops

from keras_attn.layers.arguments import check_list_of_inputs
from keras_attn.layers.composite import Composite
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.gaussian_window import OUTSIDE, window_box
from keras_attn.ops.glimpse import NUMBERS
from keras_attn.ops.known import differ, shapes_match
from keras_attn.ops.precision import promote_dtypes

DATA_FORMATS = ("channels_first", "channels_last")


class ImageWindow(Composite, keras.layers.Layer):
    """Base class of `DRAWRead` and `DRAWWrite`: projects the decoder state to a window.

    Args:
        patch_size: `N`, filters in each direction.
        padding_mode: what filters outside of the image see, see `keras_attn.ops.gaussian_filters`.
        data_format: of images, `"channels_last"` or `"channels_first"`; by default that of Keras.
        kernel_initializer, bias_initializer, kernel_regularizer: of the projection.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: if `patch_size` is not a positive integer, or for an unknown `padding_mode` or
            data format.
    """

    def __init__(
        self,
        patch_size,
        padding_mode="border",
        data_format=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.patch_size = positive_integer("patch_size", patch_size)
        if padding_mode not in OUTSIDE:
            raise ValueError(
                f"`padding_mode` must be one of {OUTSIDE}. Received: padding_mode={padding_mode!r}"
            )
        self.padding_mode = padding_mode
        self.data_format = checked_data_format(data_format)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def projection_to(self, units):
        """The dense layer that takes the decoder's state."""
        return keras.layers.Dense(
            units,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name="projection",
        )

    def initialize_to_full_image(self, image_size):
        """Sets the bias for a window over a whole image, whose filters leave nothing out.

        They stand in the middle of as many equal parts, and blur by half a part (`σ = δ / 2`); with
        a bias of zeros they are a pixel wide, far from each other, and two of them stand in the
        corners, where there is nothing to be seen.

        Args:
            image_size: `(height, width)` in pixels.
        """
        side, count = max(image_size), self.patch_size
        stride = side / count
        bias = np.array(ops.convert_to_numpy(self.projection.bias))
        bias[-NUMBERS + 2] = 2.0 * np.log(stride / 2.0)
        if count > 1:  # a single filter has no stride
            bias[-NUMBERS + 3] = np.log(stride / ((side - 1) / (count - 1)))
        self.projection.bias.assign(bias)

    def described(self, window):
        """A window as the layers return it: tensors by name, see `DRAWRead`."""
        return {
            "center": ops.stack([window.center_x, window.center_y], axis=-1),
            "stride": window.stride,
            "variance": window.variance,
            "intensity": window.intensity,
            "box": window_box(window, self.patch_size),
        }

    def window_spec(self, batch):
        """Returns the outputs of `described` as `KerasTensor`s."""
        dtype = promote_dtypes(self.compute_dtype, "float32")
        sizes = {"center": (2,), "stride": (), "variance": (), "intensity": (), "box": (4,)}
        return {name: keras.KerasTensor((batch, *size), dtype) for name, size in sizes.items()}

    def get_config(self):
        return {
            **super().get_config(),
            "patch_size": self.patch_size,
            "padding_mode": self.padding_mode,
            "data_format": self.data_format,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


def checked_data_format(data_format):
    """A data format, by default that of Keras; ValueError for an unknown one."""
    if data_format not in (None, *DATA_FORMATS):
        raise ValueError(
            f"`data_format` must be one of {DATA_FORMATS}. Received: data_format={data_format!r}"
        )
    return data_format or keras.config.image_data_format()


def channels_last_shape(shape, data_format):
    """`(height, width, channels)` of an image shape in a data format."""
    if data_format == "channels_first":
        return (*shape[1:], shape[0])
    return tuple(shape)


def images_and_state(shapes, data_format):
    """Checks the inputs of a reader.

    Args:
        shapes: those of the images, all alike, and of the decoder's state.

    Returns:
        `(height, width, channels)` of an image, and how many images there are.

    Raises:
        ValueError: for another number or rank of inputs, or images that differ.
    """
    check_list_of_inputs(
        shapes, "[image, error_image, decoder_state] or [image, decoder_state]", (2, 3)
    )
    *images, state = shapes = [tuple(shape) for shape in shapes]
    alike = all(shapes_match(image, images[0]) for image in images)
    fits = alike and len(images[0]) == 4 and len(state) == 2 and not differ(images[0][0], state[0])
    if not fits or 0 in (*images[0][1:], state[1]):
        raise ValueError(
            "`inputs` must be a list of images, (batch, height, width, channels) and all of one "
            "shape, and of the decoder's state, (batch, units), of positive sizes. "
            f"Received: shapes {shapes}"
        )
    return channels_last_shape(images[0][1:], data_format), len(images)


def channels_last(image, data_format):
    """Images of a data format as `(batch, height, width, channels)`."""
    return ops.moveaxis(image, 1, -1) if data_format == "channels_first" else image


def from_channels_last(image, data_format):
    """Images `(batch, height, width, channels)` in a data format."""
    return ops.moveaxis(image, -1, 1) if data_format == "channels_first" else image


def checked_patch(name, size, image_shape, data_format):
    """Refuses a patch that is larger than the image.

    Args:
        name: of the argument, for what is said of a wrong one.
        size: filters in each direction; None stands for the whole image.
        image_shape, data_format: of the image.

    Raises:
        ValueError: for a larger patch, or a size that is not a positive integer.
    """
    places = channels_last_shape(image_shape, data_format)[:2]
    if size is not None and positive_integer(name, size) > min(places):
        raise ValueError(
            f"`{name}` must be no larger than the image. Received: {name}={size}, "
            f"image_shape={image_shape}"
        )


def image_shape_argument(image_shape):
    """An image shape as a tuple of integers; ValueError for another rank or sizes."""
    shape = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    if len(shape) != 3:
        raise ValueError(
            "`image_shape` must be (height, width, channels), or with the channels first. "
            f"Received: image_shape={image_shape!r}"
        )
    return tuple(positive_integer("image_shape", size) for size in shape)
