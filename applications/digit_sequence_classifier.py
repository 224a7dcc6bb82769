import keras

from keras_attn.applications import backbones
from keras_attn.applications.transforming_model import TransformingModel
from keras_attn.layers import SpatialTransformer
from keras_attn.ops.checks import check_number
from keras_attn.ops.precision import float32_policy

TRANSFORMERS = ("none", "single", "multi")
FILTERS = (48, 64, 128, 160, 192, 192, 192, 192)
UNITS = 3072
WARPED_LAYERS = 4


@keras.saving.register_keras_serializable(package="keras_attn")
class DigitSequenceClassifier(TransformingModel):
    """Reads a number of several digits, as on a house: the CNN, ST-Single and ST-Multi.

    A convolutional network of eleven hidden layers, and one softmax for each place in the number.

    | `transformers` | in the paper | what it is |
    | --- | --- | --- |
    | `"none"` | CNN | no transformer |
    | `"single"` | ST-CNN Single | one on the image, its localization network of four layers |
    | `"multi"` | ST-CNN Multi | one before each of the first four convolutions, on the image and |
    | | | on feature maps, their localization networks of two dense layers of 32 |

    The hidden layers are eight 5×5 convolutions of 48, 64, 128, 160 and four times 192 filters,
    every other one followed by 2×2 pooling, and three dense layers of 3072, all times `width`.

    Labels are integers `(batch, max_length)`: the digits, then `num_classes`, the blank, up to the
    end. `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` takes them as they are.

    Args:
        image_shape: `(height, width, channels)`, or `(channels, height, width)` in channels_first
            format.
        max_length: the most digits that a number has.
        num_classes: the number of digits; one more class is the blank.
        transformers: `"none"`, `"single"` or `"multi"`.
        transformation: of `keras_attn.SpatialTransformer`.
        width: factor on the filters and units of the paper, at most 100; 1 has 33 million weights,
            0.25 trains on a CPU.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        images: like `image_shape`, with the batch first.

    Returns:
        Logits `(batch, max_length, num_classes + 1)`.

    Raises:
        ValueError: for a wrong shape, size or option, at construction.

    Example:

    >>> model = keras_attn.applications.DigitSequenceClassifier(
    ...     (32, 32, 1), max_length=3, width=0.05, data_format="channels_last"
    ... )
    >>> images = np.zeros((2, 32, 32, 1), "float32")
    >>> warped, theta, grid = model.transformations(images)
    >>> tuple(model(images).shape), theta.shape
    ((2, 3, 11), (2, 2, 3))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.2,
        https://arxiv.org/abs/1506.02025; the network without transformers is after Goodfellow et
        al., "Multi-digit Number Recognition from Street View Imagery Using Deep Convolutional
        Neural Networks", 2014, https://arxiv.org/abs/1312.6082
    """

    def __init__(
        self,
        image_shape=(64, 64, 1),
        max_length=5,
        num_classes=10,
        transformers="single",
        transformation="affine",
        width=0.25,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        backbones.check_images(image_shape, data_format)
        backbones.check_positive(max_length=max_length, num_classes=num_classes)
        if transformers not in TRANSFORMERS:
            raise ValueError(
                f"`transformers` must be one of {TRANSFORMERS}. "
                f"Received: transformers={transformers!r}"
            )
        check_number("width", width, "be positive, and at most 100", lambda value: 0 < value <= 100)

        # === Layers ===
        options = {"data_format": data_format, "dtype": dtype}
        warped_layers = {"none": 0, "single": 1, "multi": WARPED_LAYERS}[transformers]
        transforms = [
            SpatialTransformer(
                localization=_localization(transformers, index, **options),
                transformation=transformation,
                name=f"transform_{index + 1}",
                **options,
            )
            for index in range(warped_layers)
        ]
        convolutions = [
            keras.layers.Conv2D(
                _scaled(filters, width),
                5,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"convolution_{index + 1}",
                **options,
            )
            for index, filters in enumerate(FILTERS)
        ]
        dense = [
            keras.layers.Dense(
                _scaled(UNITS, width),
                activation="relu",
                kernel_initializer="he_normal",
                dtype=dtype,
                name=f"hidden_{index + 1}",
            )
            for index in range(3)
        ]
        classifier = keras.layers.Dense(
            max_length * (num_classes + 1), dtype=float32_policy(dtype), name="classifier"
        )

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        flow, looks = image, []
        for index, convolution in enumerate(convolutions):
            if index < len(transforms):
                looks.append(transforms[index](flow, return_transformation=True))
                flow = looks[-1][0]
            flow = convolution(flow)
            if index % 2 == 0:
                flow = keras.layers.MaxPooling2D(
                    2, padding="same", name=f"pooling_{index + 1}", **options
                )(flow)
        flow = keras.layers.Flatten(name="flatten", **options)(flow)
        for layer in dense:
            flow = layer(flow)
        logits = keras.layers.Reshape(
            (max_length, num_classes + 1), dtype=float32_policy(dtype), name="logits"
        )(classifier(flow))
        look = tuple(list(parts) for parts in zip(*looks, strict=True))
        if len(looks) == 1:
            look = looks[0]
        super().__init__(image, logits, look or None, **kwargs)


def _scaled(size, width):
    return max(1, round(size * width))


def _localization(transformers, index, data_format, dtype):
    """Two convolutions and two dense layers of 32 for ST-Single, the dense ones for ST-Multi."""
    name = f"localization_{index + 1}"
    if transformers == "multi":
        return backbones.dense_localization(data_format, dtype, name)
    options = {"data_format": data_format, "dtype": dtype}
    layers = []
    for layer in (1, 2):
        layers += [
            keras.layers.Conv2D(
                32, 5, padding="same", activation="relu", name=f"convolution_{layer}", **options
            ),
            keras.layers.MaxPooling2D(2, padding="same", name=f"pooling_{layer}", **options),
        ]
    return keras.Sequential(
        [*layers, *backbones.dense_localization(data_format, dtype).layers], name=name
    )
