"""The networks of the distorted-digits experiments, around which the transformers stand.

Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.1 and appendix A.
"""

import math

import keras

from keras_attn.ops.checks import positive_integer
from keras_attn.ops.precision import float32_policy

BACKBONES = ("cnn", "fcn")
SMALLEST = 24


def features(backbone, channels, filters, data_format, dtype):
    """The convolutions before the dense layers: maps of any size to feature maps.

    For `"cnn"` a 9×9 convolution, 2×2 pooling, a 7×7 convolution, 2×2 pooling; for `"fcn"` the
    pixels as they are.

    Args:
        backbone: `"cnn"` or `"fcn"`.
        channels: of the maps that go in.
        filters: of the two convolutions, a pair.
        data_format, dtype: of the layers.

    Returns:
        A layer.
    """
    if backbone == "fcn":
        return keras.layers.Identity(dtype=dtype, name="features")
    shape = (None, None, channels) if data_format == "channels_last" else (channels, None, None)
    common = {"data_format": data_format, "dtype": dtype}
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(filters[0], 9, activation="relu", name="convolution_1", **common),
            keras.layers.MaxPooling2D(2, name="pooling_1", **common),
            keras.layers.Conv2D(filters[1], 7, activation="relu", name="convolution_2", **common),
            keras.layers.MaxPooling2D(2, name="pooling_2", **common),
        ],
        name="features",
    )


def flatten(data_format, dtype):
    """From feature maps to vectors that are the same in both data formats."""
    return keras.layers.Flatten(data_format=data_format, dtype=dtype, name="flatten")


def dense_localization(data_format, dtype, name="localization"):
    """A localization network of two dense layers of 32.

    Args:
        data_format: of the feature maps, which are flattened first.
        dtype: dtype policy of the layers.
        name: of the network.

    Returns:
        A `keras.Sequential` from feature maps to `(batch, 32)`.
    """
    return keras.Sequential(
        [
            flatten(data_format, dtype),
            keras.layers.Dense(32, activation="relu", dtype=dtype, name="hidden_1"),
            keras.layers.Dense(32, activation="relu", dtype=dtype, name="hidden_2"),
        ],
        name=name,
    )


def classify(image, flat, num_classes, backbone, units, num_parameters, dtype):
    """Hidden dense layers, one for `"cnn"` and two for `"fcn"`, and the logits behind them.

    Args:
        image: the model's input.
        flat: the features of the image, `(batch, width)`.
        num_classes: the number of logits.
        backbone: `"cnn"` or `"fcn"`.
        units: width of the hidden layers, or None for what brings the model to `num_parameters`.
        num_parameters: the number of weights of the model from `image` to the logits.
        dtype: of the hidden layers; the logits are float32.

    Returns:
        `(logits, units)`.

    Raises:
        ValueError: if `num_parameters` leaves no unit for the hidden layers.
    """
    depth = 1 if backbone == "cnn" else 2
    if units is None:
        budget = num_parameters - keras.Model(image, flat).count_params()
        units = _width(budget, flat.shape[-1], depth, num_classes)
        if units < 1:
            raise ValueError(
                "`num_parameters` must leave some for the hidden dense layers. "
                f"Received: num_parameters={num_parameters}, of which {budget} are left for them"
            )
    for index in range(depth):
        layer = keras.layers.Dense(
            units, activation="relu", dtype=dtype, name=f"hidden_{index + 1}"
        )
        flat = layer(flat)
    return keras.layers.Dense(num_classes, dtype=float32_policy(dtype), name="logits")(flat), units


def _width(budget, inputs, depth, outputs):
    """The largest `h` for which `depth` hidden layers of `h` units fit into the budget."""
    # (depth - 1) h² + (inputs + depth + outputs) h + outputs <= budget
    linear = inputs + depth + outputs
    rest = budget - outputs
    if rest <= 0:
        return 0
    if depth == 1:
        return rest // linear
    square = depth - 1
    return int((math.sqrt(linear**2 + 4 * square * rest) - linear) / (2 * square))


def check_images(image_shape, data_format):
    """The size of images in a data format, refused where it is none.

    Args:
        image_shape: of one image, `(height, width, channels)`, or with the channels first.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `(height, width, channels)`.

    Raises:
        ValueError: for another data format, or a shape that is not three positive integers.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            "`data_format` must be 'channels_last' or 'channels_first'. "
            f"Received: data_format={data_format!r}"
        )
    check_sizes("image_shape", image_shape, 3)
    if data_format == "channels_first":
        return (*image_shape[1:], image_shape[0])
    return tuple(image_shape)


def check_backbone(backbone, image_shape, data_format, filters, output_size=None):
    """The size of the images that the backbone sees, refused where it does not fit.

    Args:
        backbone: `"cnn"` or `"fcn"`.
        image_shape, data_format: see `check_images`.
        filters: of the two convolutions, a pair.
        output_size: `(height, width)` of the warped images; None for that of the image.

    Returns:
        `(height, width)`.

    Raises:
        ValueError: for an unknown backbone, sizes that are no positive integers, or less than 24
            pixels for `"cnn"`.
    """
    if backbone not in BACKBONES:
        raise ValueError(f"`backbone` must be one of {BACKBONES}. Received: backbone={backbone!r}")
    check_sizes("filters", filters, 2)
    size = check_images(image_shape, data_format)[:2]
    if output_size is not None:
        check_sizes("output_size", output_size, 2)
        size = tuple(output_size)
    if backbone == "cnn" and min(size) < SMALLEST:
        raise ValueError(
            f"`image_shape` (or `output_size`) must be at least {SMALLEST} pixels high and wide "
            f"for the convolutions of backbone='cnn'. Received: a size of {size}"
        )
    return size


def check_sizes(name, sizes, count):
    """Refuses what is not a tuple of `count` positive integers."""
    if (
        not isinstance(sizes, (tuple, list))
        or len(sizes) != count
        or not all(_is_positive(size) for size in sizes)
    ):
        raise ValueError(f"`{name}` must be {count} positive integers. Received: {name}={sizes}")


def check_positive(units=None, num_parameters=1, **values):
    """Refuses what is not a positive integer; one of `units` and `num_parameters` may be `None`."""
    for name, value in values.items():
        positive_integer(name, value)
    if units is not None:
        positive_integer("units", units)
    if units is None or num_parameters is not None:
        positive_integer("num_parameters", num_parameters)


def _is_positive(value):
    return hasattr(value, "__index__") and not isinstance(value, bool) and value > 0
