import keras
from keras import ops

from keras_attn.applications import backbones
from keras_attn.applications.transforming_model import TransformingModel
from keras_attn.layers import SpatialTransformer


@keras.saving.register_keras_serializable(package="keras_attn")
class SpatialTransformerAddition(TransformingModel):
    """Adds two digits, each in a channel of its own: several transformers in parallel.

    `logits = f([V¹, V²])`, `Vⁿ = sample(U, T_θⁿ(G))`, `[θ¹, θ²] = f_loc(U)`

    Every head warps *all* channels of the image; what they give is concatenated along the channels,
    so that the classifier gets `num_heads × channels` of them. Nothing says which head is to look
    at
    which digit: they divide the work between them.

    | here | in the paper |
    | --- | --- |
    | `num_heads=2, backbone="fcn"` | 2×ST-FCN |
    | `transformation=None` | FCN or CNN |

    Args:
        image_shape: `(height, width, channels)`, or `(channels, height, width)` in channels_first
            format; from 24 pixels up for `"cnn"`.
        num_classes: the number of sums; 19 for two digits.
        backbone: `"fcn"` or `"cnn"`, see `keras_attn.applications.SpatialTransformerClassifier`.
        transformation: of `keras_attn.SpatialTransformer`, or None for the network without one.
        num_heads: the number of transformers.
        initialization: `"identity"` or `"tiling"`, see `keras_attn.SpatialTransformer`.
        output_size: `(height, width)` of the warped images; that of the image by default.
        filters: of the two convolutions of `"cnn"`.
        units: width of the hidden dense layers, or None to have it follow from `num_parameters`.
        num_parameters: the number of weights of the model, if `units` is None.
        antialias: see `keras_attn.ops.grid_sample`.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        images: like `image_shape`, with the batch first.

    Returns:
        Logits `(batch, num_classes)`.

    Raises:
        ValueError: for a wrong shape, size or option, at construction.

    Example:

    >>> model = keras_attn.applications.SpatialTransformerAddition(
    ...     (28, 28, 2), units=32, data_format="channels_last"
    ... )
    >>> pairs = np.zeros((3, 28, 28, 2), "float32")
    >>> warped, theta, grid = model.transformations(pairs)
    >>> tuple(model(pairs).shape), warped.shape, theta.shape
    ((3, 19), (3, 2, 28, 28, 2), (3, 2, 2, 3))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, appendix A.1,
        https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        image_shape=(42, 42, 2),
        num_classes=19,
        backbone="fcn",
        transformation="affine",
        num_heads=2,
        initialization="identity",
        output_size=None,
        filters=(32, 64),
        units=None,
        num_parameters=800_000,
        antialias=False,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        size = backbones.check_backbone(backbone, image_shape, data_format, filters, output_size)
        backbones.check_positive(
            num_classes=num_classes, num_heads=num_heads, units=units, num_parameters=num_parameters
        )

        if transformation is None and output_size is not None:
            raise ValueError(
                "`output_size` needs a transformation. "
                f"Received: output_size={output_size} with transformation=None"
            )

        # === Layers ===
        channels = backbones.check_images(image_shape, data_format)[-1]
        if transformation is not None:
            channels *= num_heads
        features = backbones.features(backbone, channels, filters, data_format, dtype)
        flatten = backbones.flatten(data_format, dtype)
        localization = None
        if backbone == "fcn" and transformation != "flow":
            localization = backbones.dense_localization(data_format, dtype)

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        stack, look = image, None
        if transformation is not None:
            transform = SpatialTransformer(
                localization=localization,
                output_size=size,
                transformation=transformation,
                num_heads=num_heads,
                initialization=initialization,
                antialias=antialias,
                data_format=data_format,
                dtype=dtype,
                name="transform",
            )
            look = transform(image, return_transformation=True)
            stack = _heads_to_channels(look[0], num_heads, data_format)
        flat = flatten(features(stack))
        self.filters = tuple(filters)
        logits, self.units = backbones.classify(
            image, flat, num_classes, backbone, units, num_parameters, dtype
        )
        super().__init__(image, logits, look, **kwargs)


def _heads_to_channels(warped, num_heads, data_format):
    if num_heads == 1:
        return warped
    if data_format == "channels_first":
        return ops.reshape(warped, (-1, num_heads * warped.shape[2], *warped.shape[3:]))
    warped = ops.moveaxis(warped, 1, -2)
    return ops.reshape(warped, (-1, *warped.shape[1:3], num_heads * warped.shape[-1]))
