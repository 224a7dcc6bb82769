"""Networks that make a feature map of an image."""

import keras

from keras_attn.applications.coordinates import Coordinates
from keras_attn.layers.image_window import checked_data_format, image_shape_argument
from keras_attn.ops.received import received

# Networks of `keras.applications`, and the layer whose feature map the paper attends to.
NAMED = {
    "vgg16": (keras.applications.VGG16, "block5_conv3"),
    "vgg19": (keras.applications.VGG19, "block5_conv4"),
}
SMALL = "small"


def image_encoder(encoder, image_shape, weights, data_format, dtype):
    """The network that an application was asked for.

    Args:
        encoder: `"small"`, a name in `NAMED`, or any Keras model or layer from images to feature
            maps.
        image_shape: of one image, `(height, width, channels)` or channels first.
        weights: of a network by name, as `keras.applications` takes them: None for random numbers,
            `"imagenet"`, or a file.
        data_format: of the image.
        dtype: dtype policy.

    Returns:
        A layer.

    Raises:
        ValueError: for an unknown name, or weights for what has no name.
    """
    image_shape_argument(image_shape)
    checked_data_format(data_format)
    named = isinstance(encoder, str) and encoder in NAMED
    if weights is not None and not named:
        raise ValueError(
            f"`encoder_weights` are for an encoder in {tuple(NAMED)}. "
            f"Received: encoder={encoder!r}, encoder_weights={weights!r}"
        )
    if isinstance(encoder, str) and encoder == SMALL:
        return _small(image_shape, data_format, dtype)
    if named:
        return _named(*NAMED[encoder], image_shape, weights, data_format)
    if isinstance(encoder, keras.layers.Layer):
        return encoder
    raise ValueError(
        f"`encoder` must be one of {(SMALL, *NAMED)} or a Keras model from images to feature maps. "
        f"Received: encoder={encoder!r}"
    )


def _small(image_shape, data_format, dtype):
    """Five 3×3 convolutions, a map of a quarter of the size: to be trained from scratch.

    A place sees 31 by 31 pixels, which tell little of where they are: the last is told.
    """
    layers = [keras.Input(image_shape)]
    axis = -1 if data_format == "channels_last" else 1
    sizes = ((32, 2), (64, 2), (64, 1), (64, 1), (64, 1))
    for number, (filters, strides) in enumerate(sizes, start=1):
        if number == len(sizes):
            layers.append(Coordinates(data_format, dtype=dtype, name="coordinates"))
        layers += [
            keras.layers.Conv2D(
                filters,
                3,
                strides,
                padding="same",
                use_bias=False,
                data_format=data_format,
                dtype=dtype,
                name=f"convolution_{number}",
            ),
            # Keras's momentum of 0.99 is too slow for the few steps of a small set.
            keras.layers.BatchNormalization(
                axis, momentum=0.9, dtype=dtype, name=f"normalization_{number}"
            ),
            keras.layers.ReLU(dtype=dtype, name=f"relu_{number}"),
        ]
    return keras.Sequential(layers, name="encoder")


def _named(network, layer, image_shape, weights, data_format):
    """A network of `keras.applications` up to a layer, for images in [0, 1]."""
    images = keras.Input(image_shape)
    # These networks know one data format, that of Keras.
    theirs = keras.config.image_data_format()
    axes = (1, -1) if data_format == "channels_first" else (-1, 1)
    turned = images if theirs == data_format else keras.ops.moveaxis(images, *axes)
    whole = network(include_top=False, weights=weights, input_shape=turned.shape[1:])
    # They were trained on blue, green, red in 0..255 without the mean of ImageNet.
    axis = -1 if theirs == "channels_last" else 1
    shape = [3 if n == axis % 4 else 1 for n in range(4)]
    mean = keras.ops.reshape([103.939, 116.779, 123.68], shape)
    pixels = keras.ops.flip(turned, axis=axis) * 255.0 - mean
    features = keras.Model(whole.inputs, whole.get_layer(layer).output)
    found = features(pixels)
    found = found if theirs == data_format else keras.ops.moveaxis(found, *axes[::-1])
    return keras.Model(images, found, name="encoder")


def check_feature_map(features, data_format):
    """Height and width of a symbolic feature map.

    Args:
        features: a symbolic tensor.
        data_format: of it.

    Raises:
        ValueError: for what is no map of a fixed size.
    """
    shape = tuple(features.shape)
    if len(shape) != 4 or None in shape[1:]:
        raise ValueError(
            "`encoder` must give feature maps of a fixed size, of rank 4. "
            f"{received(feature_map=features)}"
        )
    return shape[1:3] if data_format == "channels_last" else shape[2:]
