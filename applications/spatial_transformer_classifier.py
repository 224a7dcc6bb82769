import keras
from keras import ops

from keras_attn.applications import backbones
from keras_attn.applications.transforming_model import TransformingModel
from keras_attn.layers import SpatialTransformer


@keras.saving.register_keras_serializable(package="keras_attn")
class SpatialTransformerClassifier(TransformingModel):
    """Straightens its images before it classifies them: FCN, CNN, ST-FCN and ST-CNN.

    `logits = f(V)`, `V = sample(U, T_θ(G))`, `θ = f_loc(U)`

    | here | in the paper |
    | --- | --- |
    | `backbone="cnn"` | CNN: 9×9 convolution, pooling, 7×7 convolution, pooling, dense layers |
    | `backbone="fcn"` | FCN: two hidden dense layers on the pixels |
    | `transformation` | `T_θ`; with one the model is ST-CNN or ST-FCN |
    | `output_size` | size of the regular grid `G` |

    *Equal size*: the width of the hidden dense layers follows from `num_parameters`, the weights of
    the whole model. So two models that differ in `transformation` alone, None among them, have
    equally many weights, up to the rounding of one unit; what the localization network costs, the
    dense layers give up. Give `units` to set the width yourself.

    *Shared localization*: with `shared_localization=True` the convolutions of the classifier look
    twice, at the image to find theta, and at the warped *image* to classify it. This lets deep
    features choose the transformation, whereas warping deep feature maps would not align them with
    those of an aligned image.

    Convention: theta maps output to input coordinates, normalised, x first (see
    `keras_attn.ops.identity_grid`).

    Args:
        image_shape: `(height, width, channels)`, or `(channels, height, width)` in channels_first
            format; from 24 pixels up for `"cnn"`.
        num_classes: the number of classes.
        backbone: `"cnn"` or `"fcn"`.
        transformation: of `keras_attn.SpatialTransformer`, or None for the network without one.
        num_heads: the number of transformers. The convolutions are the same for the image of every
            head; their features are concatenated.
        initialization: `"identity"` or `"tiling"`, see `keras_attn.SpatialTransformer`.
        output_size: `(height, width)` of the warped images; that of the image by default.
        shared_localization: whether the localization network begins with the convolutions of
            the classifier, for `"cnn"`. Otherwise it is, for `"cnn"`, the default of
            `keras_attn.SpatialTransformer`, and for `"fcn"` two dense layers of 32.
        filters: of the two convolutions.
        units: width of the hidden dense layers, or None to have it follow from `num_parameters`.
        num_parameters: the number of weights of the model, if `units` is None.
        scale_range, max_shift, control_points: limits and lattice of the transformation, see
            `keras_attn.SpatialTransformer`.
        interpolation, padding_mode, antialias: see `keras_attn.ops.grid_sample`. Anti-aliasing
            matters where `output_size` is smaller than the image.
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

    >>> model = keras_attn.applications.SpatialTransformerClassifier(
    ...     (28, 28, 1), 10, data_format="channels_last"
    ... )
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> warped, theta, grid = model.transformations(images)
    >>> tuple(model(images).shape), warped.shape, theta.shape, grid.shape
    ((2, 10), (2, 28, 28, 1), (2, 2, 3), (2, 28, 28, 2))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, section 4.1,
        https://arxiv.org/abs/1506.02025; Finnveden, Jansson and Lindeberg, "Understanding When
        Spatial Transformer Networks Do Not Support Invariance, and What to Do about It", 2020,
        https://arxiv.org/abs/2004.11678 (shared localization).
    """

    def __init__(
        self,
        image_shape,
        num_classes,
        backbone="cnn",
        transformation="affine",
        num_heads=1,
        initialization="identity",
        output_size=None,
        shared_localization=False,
        filters=(32, 64),
        units=None,
        num_parameters=400_000,
        scale_range=None,
        max_shift=None,
        control_points=(4, 4),
        interpolation="bilinear",
        padding_mode="zeros",
        antialias=False,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        size = backbones.check_backbone(backbone, image_shape, data_format, filters, output_size)
        backbones.check_positive(
            num_classes=num_classes, num_heads=num_heads, units=units, num_parameters=num_parameters
        )
        if transformation is None and (num_heads > 1 or shared_localization or output_size):
            raise ValueError(
                "`num_heads`, `shared_localization` and `output_size` need a transformation. "
                f"Received: num_heads={num_heads}, shared_localization={shared_localization}, "
                f"output_size={output_size} with transformation=None"
            )
        if shared_localization and (backbone != "cnn" or transformation == "flow"):
            raise ValueError(
                "`shared_localization` needs backbone='cnn' and a transformation with few "
                f"parameters. Received: shared_localization={shared_localization} with backbone="
                f"{backbone!r}, transformation={transformation!r}"
            )

        # === Layers ===
        channels = backbones.check_images(image_shape, data_format)[-1]
        features = backbones.features(backbone, channels, filters, data_format, dtype)
        localization = None
        if shared_localization:
            localization = keras.Sequential(
                [
                    keras.Input(image_shape),
                    features,
                    backbones.flatten(data_format, dtype),
                    keras.layers.Dense(20, activation="relu", dtype=dtype, name="summary"),
                ],
                name="localization",
            )
        elif backbone == "fcn" and transformation != "flow":
            localization = backbones.dense_localization(data_format, dtype)

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        warped, look = image, None
        if transformation is not None:
            transform = SpatialTransformer(
                localization=localization,
                output_size=size,
                transformation=transformation,
                num_heads=num_heads,
                initialization=initialization,
                scale_range=scale_range,
                max_shift=max_shift,
                control_points=control_points,
                interpolation=interpolation,
                padding_mode=padding_mode,
                antialias=antialias,
                data_format=data_format,
                dtype=dtype,
                name="transform",
            )
            look = transform(image, return_transformation=True)
            warped = look[0]
        if num_heads > 1:
            # The heads go through the convolutions as a larger batch.
            warped = ops.reshape(warped, (-1, *warped.shape[2:]))
        flat = backbones.flatten(data_format, dtype)(features(warped))
        if num_heads > 1:
            flat = ops.reshape(flat, (-1, num_heads * flat.shape[-1]))
        self.filters = tuple(filters)
        logits, self.units = backbones.classify(
            image, flat, num_classes, backbone, units, num_parameters, dtype
        )
        super().__init__(image, logits, look, **kwargs)
