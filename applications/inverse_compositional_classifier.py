import keras

from keras_attn.applications import backbones
from keras_attn.applications.composition import Composition
from keras_attn.applications.transforming_model import TransformingModel
from keras_attn.layers import GridGenerator, GridSampler, TransformationHead
from keras_attn.layers.localization import default_localization

TRANSFORMATIONS = ("translation", "attention", "similarity", "affine", "projective")


@keras.saving.register_keras_serializable(package="keras_attn")
class InverseCompositionalClassifier(TransformingModel):
    """Aligns its images in several small steps before it classifies them: IC-STN.

    `T_k(x) = T_{k-1}(Δ_k(x))`, `Δ_k = f(I ∘ T_{k-1})`, `T_0(x) = x`, `k = 1 ... num_warps`

    One geometric predictor, the same at every step, looks at the image as it is aligned so far and
    says how to go on. The steps compose *transformations*, not pictures: each step samples the
    original image, so nothing is blurred by being sampled twice and nothing that left the picture
    is lost to the next step.

    | here | in the paper |
    | --- | --- |
    | `num_warps` | the number after the name, IC-STN-4 |
    | predictor | geometric predictor `f` |
    | `I ∘ T_k` | `I(p)`, the image warped by the parameters `p` |
    | `keras_attn.ops.compose_transformations(Δ, T)` | `p ∘ Δp` |

    Convention: theta maps output to input coordinates, normalised, x first (see
    `keras_attn.ops.identity_grid`). The warp is composed on the side of the output, as in the
    inverse compositional algorithm.

    Args:
        image_shape: `(height, width, channels)`, or `(channels, height, width)` in channels_first
            format; from 24 pixels up.
        num_classes: the number of classes.
        transformation: `"translation"`, `"attention"`, `"similarity"`, `"affine"` or
            `"projective"`, see `keras_attn.ops.transformation_matrix`.
        num_warps: how many steps.
        filters: of the two convolutions of the classifier, which is the CNN of
            `keras_attn.applications.SpatialTransformerClassifier`.
        units: width of its hidden dense layer, or None to have it follow from `num_parameters`.
        num_parameters: the number of weights of the model, if `units` is None; it does not depend
            on `num_warps`.
        padding_mode: see `keras_attn.ops.grid_sample`.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default.
        dtype: dtype policy of the layers; the logits are float32 whatever it is.

    Call arguments:
        images: like `image_shape`, with the batch first.

    Returns:
        Logits `(batch, num_classes)`. `transformations` gives the last warp, its theta and grid.

    Raises:
        ValueError: for a wrong shape, size or option, at construction.

    Example:

    >>> model = keras_attn.applications.InverseCompositionalClassifier(
    ...     (28, 28, 1), 10, num_warps=2, data_format="channels_last"
    ... )
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> warped, theta, grid = model.transformations(images)
    >>> tuple(model(images).shape), warped.shape, theta.shape
    ((2, 10), (2, 28, 28, 1), (2, 2, 3))

    Reference:
        Lin and Lucey, "Inverse Compositional Spatial Transformer Networks", 2017,
        https://arxiv.org/abs/1612.03897
    """

    def __init__(
        self,
        image_shape,
        num_classes,
        transformation="affine",
        num_warps=4,
        filters=(32, 64),
        units=None,
        num_parameters=400_000,
        padding_mode="zeros",
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        size = backbones.check_backbone("cnn", image_shape, data_format, filters)
        backbones.check_positive(
            num_classes=num_classes, num_warps=num_warps, units=units, num_parameters=num_parameters
        )
        if transformation not in TRANSFORMATIONS:
            raise ValueError(
                f"`transformation` must be one of {TRANSFORMATIONS}, which can be composed. "
                f"Received: transformation={transformation!r}"
            )

        # === Layers ===
        localization = default_localization(2, dense=True, dtype=dtype)
        head = TransformationHead(transformation, dtype=dtype, name="transformation")
        generator = GridGenerator(
            "projective" if transformation == "projective" else "affine",
            output_size=size,
            dtype=dtype,
            name="grid",
        )
        sampler = GridSampler(
            padding_mode=padding_mode, data_format=data_format, dtype=dtype, name="sampler"
        )
        composition = Composition(dtype=dtype, name="composition")
        to_channels_last = keras.layers.Permute((2, 3, 1), dtype=dtype, name="channels_last")
        channels = backbones.check_images(image_shape, data_format)[-1]
        features = backbones.features("cnn", channels, filters, data_format, dtype)
        flatten = backbones.flatten(data_format, dtype)

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        warped, theta = image, None
        for _ in range(num_warps):
            seen = to_channels_last(warped) if data_format == "channels_first" else warped
            change = head(localization(seen))
            theta = change if theta is None else composition(change, theta)
            grid = generator(theta)
            warped = sampler([image, grid])
        flat = flatten(features(warped))
        self.filters = tuple(filters)
        logits, self.units = backbones.classify(
            image, flat, num_classes, "cnn", units, num_parameters, dtype
        )
        super().__init__(image, logits, (warped, theta, grid), **kwargs)
