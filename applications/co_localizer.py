import math

import keras
import numpy as np
from keras import ops

from keras_attn.applications import backbones
from keras_attn.applications.composition import Composition
from keras_attn.applications.own_loss import (
    InputsAsTargets,
    OwnLoss,
    example_weights,
    mean_loss,
)
from keras_attn.applications.transforming_model import TransformingModel
from keras_attn.layers import GridGenerator, GridSampler, TransformationHead
from keras_attn.layers.localization import default_localization
from keras_attn.layers.users_layers import symbolic_output
from keras_attn.ops import affine_grid, grid_sample, precision
from keras_attn.ops.checks import check_number
from keras_attn.ops.precision import as_float32, float32_policy

TRANSFORMATIONS = ("translation", "attention")
NO_TARGETS = "`y` must be None or the images `x`. Received: other targets"


@keras.saving.register_keras_serializable(package="keras_attn")
class CoLocalizer(InputsAsTargets, OwnLoss, TransformingModel):
    """Finds what a set of images has in common, told only that they have something in common.

    `Σ_n Σ_{m≠n} max(0, ‖e(I_n^T) - e(I_m^T)‖² - ‖e(I_n^T) - e(I_n^rand)‖² + α)`

    What the transformer crops from two images should look more alike than what it crops from one
    image and a random crop of the same image. `fit` takes images without labels, and optionally
    `sample_weight`: the weight of a pair is the product of the weights of its images. Under
    `tf.distribute` each replica compares the images of its own batch, and the loss is the mean over
    the replicas.

    | here | in the paper |
    | --- | --- |
    | output, the crops | `I_n^T` |
    | crops of `crop_scale` at random places | `I_n^rand` |
    | `encoder` | `e`, a network trained on digits |
    | `margin` | `α` |

    Convention: theta maps output to input coordinates, normalised, x first (see
    `keras_attn.ops.identity_grid`). Boxes are in pixels, 0 at the left and upper edge.

    Args:
        image_shape: `(height, width, channels)`, or `(channels, height, width)` in channels_first
            format.
        encoder: a Keras model or layer from crops to vectors `(batch, features)`, best one that was
            trained to tell the objects apart; it is frozen. None for a fixed random convolutional
            network.
        transformation: `"attention"` (scale and place) or `"translation"` (place alone).
        crop_scale: size of the crops as part of the image, above 0 and below 1: of random ones, and
            of the transformer's at the start.
        scale_range: `(lowest, highest)` scale relative to `crop_scale`, for `"attention"`.
        output_size: `(height, width)` of the crops in pixels; by default that of the image times
            `crop_scale`, rounded.
        margin: `α`, in units of the squared distance of the encoder's outputs, which for the
            default encoder is at most 4.
        padding_mode: see `keras_attn.ops.grid_sample`.
        seed: integer for the random crops and the default encoder, or None.
        data_format: `"channels_last"` or `"channels_first"`; `keras.config.image_data_format()` by
            default.
        dtype: dtype policy of the layers; the loss is computed in float32 whatever it is.

    Call arguments:
        images: like `image_shape`, with the batch first; for training at least two.

    Returns:
        The crops `(batch, *output_size, channels)`.

    Raises:
        ValueError: for a wrong shape, size or option, at construction.

    Example:

    >>> model = keras_attn.applications.CoLocalizer((32, 32, 1), data_format="channels_last")
    >>> images = np.zeros((4, 32, 32, 1), "float32")
    >>> tuple(model(images).shape), model.boxes(images)[0].tolist()
    ((4, 16, 16, 1), [8.0, 8.0, 24.0, 24.0])

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, appendix A.2,
        https://arxiv.org/abs/1506.02025
    """

    output_name = None

    def __init__(
        self,
        image_shape,
        encoder=None,
        transformation="attention",
        crop_scale=0.5,
        scale_range=(0.5, 1.5),
        output_size=None,
        margin=1.0,
        padding_mode="zeros",
        seed=None,
        data_format=None,
        dtype=None,
        **kwargs,
    ):
        height, width, _ = backbones.check_images(image_shape, data_format)
        if transformation not in TRANSFORMATIONS:
            raise ValueError(
                f"`transformation` must be one of {TRANSFORMATIONS}. "
                f"Received: transformation={transformation!r}"
            )
        check_number(
            "crop_scale", crop_scale, "be above 0 and below 1", lambda value: 0 < value < 1
        )
        check_number("margin", margin, "be positive", lambda value: 0 < value < math.inf)
        size = output_size
        if size is None:
            size = tuple(max(1, round(side * crop_scale)) for side in (height, width))
        backbones.check_sizes("output_size", size, 2)

        # === Layers ===
        localization = default_localization(2, dense=True, dtype=dtype)
        head = TransformationHead(
            transformation,
            scale_range=scale_range if transformation == "attention" else None,
            max_shift=1.0 - crop_scale,
            dtype=dtype,
            name="transformation",
        )
        composition = Composition(dtype=dtype, name="composition")
        generator = GridGenerator("affine", output_size=size, dtype=dtype, name="grid")
        sampler = GridSampler(
            padding_mode=padding_mode, data_format=data_format, dtype=dtype, name="sampler"
        )

        # === Functional model ===
        self.image_shape = tuple(image_shape)
        image = keras.Input(self.image_shape, name="image")
        seen = image
        if data_format == "channels_first":
            seen = keras.layers.Permute((2, 3, 1), dtype=dtype, name="channels_last")(image)
        smaller = np.array([[crop_scale, 0, 0], [0, crop_scale, 0]], float32_policy(dtype))
        theta = composition(smaller, head(localization(seen)))
        grid = generator(theta)
        crops = sampler([image, grid])
        self.output_size = tuple(size)
        super().__init__(image, crops, (crops, theta, grid), **kwargs)

        self._default_encoder = encoder is None
        self._image_size = (height, width)

        # Outside of the functional graph, as only the loss needs them.
        self.seed_generator = keras.random.SeedGenerator(seed)
        if encoder is None:
            encoder = _random_encoder(crops.shape[1:], data_format, seed, dtype)
        features = symbolic_output("encoder", encoder, tuple(crops.shape))
        if len(features.shape) != 2:
            raise ValueError(
                "`encoder` must return tensors of shape (batch, features). "
                f"Received: an encoder with outputs of shape {features.shape}"
            )
        # Layer by layer: an encoder from a file may be frozen while its layers are not.
        for layer in encoder._flatten_layers():
            layer.trainable = False
        self.encoder = encoder

    def random_crops(self, images):
        """Crops of `crop_scale` at places drawn uniformly from within each image.

        Args:
            images: like those of the call.

        Returns:
            `(batch, *output_size, channels)`, in the data format of the images.
        """
        limit, dtype = 1.0 - self.crop_scale, float32_policy(self.dtype_policy)
        shift = keras.random.uniform(
            (ops.shape(images)[0], 2, 1), -limit, limit, dtype=dtype, seed=self.seed_generator
        )
        linear = ops.convert_to_tensor(self.crop_scale * np.eye(2), dtype=dtype)
        theta = ops.concatenate([linear + ops.zeros_like(shift), shift], axis=-1)
        grid = affine_grid(theta, self.output_size)
        return grid_sample(
            images, grid, padding_mode=self.padding_mode, data_format=self.data_format
        )

    def triplet_loss(self, crops, random_crops, sample_weight=None):
        """Computes the sum of the hinge over all ordered pairs of images; see the class.

        Args:
            crops: Tensor of shape `(batch, *output_size, channels)`, `I^T`.
            random_crops: Tensor of the shape of `crops`, `I^rand`.
            sample_weight: Tensor of shape `(batch,)`, weights of the images, or `None`.
        """
        found = as_float32(self.encoder(crops, training=False))
        other = as_float32(self.encoder(random_crops, training=False))
        between = ops.sum(ops.square(found[:, None] - found[None]), axis=-1)
        within = ops.sum(ops.square(found - other), axis=-1)[:, None]
        hinge = precision.maximum(between - within + self.margin, 0.0)
        weights = 1.0 - ops.eye(ops.shape(hinge)[0], dtype=hinge.dtype)
        each = example_weights(sample_weight, found)
        if each is not None:
            weights = weights * each[:, None] * each
        return ops.sum(hinge * weights)

    # === Keras ===

    loss_description = "by its own loss of triplets of crops"
    refused_by_compile = ("loss", "loss_weights", "metrics", "weighted_metrics")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if y is not None and (keras.tree.is_nested(y) or tuple(y.shape) != tuple(x.shape)):
            raise ValueError(NO_TARGETS)
        images = ops.cast(x, self.compute_dtype)
        loss = self.triplet_loss(y_pred, self.random_crops(images), sample_weight)
        return self.with_added_losses(mean_loss(ops.reshape(loss, (1,))))

    def data_arguments(self, method, args, kwargs):
        given = super().data_arguments(method, args, kwargs)
        if given.get("y") is not None and given["y"] is not given["x"]:
            raise ValueError(NO_TARGETS)
        return given

    # === Boxes ===

    def boxes(self, images, batch_size=32):
        """Computes the sampled boxes in pixels.

        Args:
            images: array `(batch, height, width, channels)`, like the model's input.
            batch_size: how many images go through the network at once.

        Returns:
            A NumPy array `(batch, 4)` of `(x0, y0, x1, y1)`; 0 is the left or upper edge of the
            image, its width or height the right or lower one.
        """
        theta = self.transformations(images, batch_size)[1]
        height, width = self._image_size
        centre, extent = theta[:, :, 2], theta[:, [0, 1], [0, 1]]
        corners = np.concatenate([centre - extent, centre + extent], axis=-1)
        return (corners + 1.0) / 2.0 * np.array([width, height, width, height], corners.dtype)

    def get_config(self):
        config = super().get_config()
        return {**config, "encoder": None} if self._default_encoder else config


def _random_encoder(shape, data_format, seed, dtype):
    """Random convolutional features of length 1."""
    seeds = [None if seed is None else seed + index for index in range(3)]
    layers = [keras.Input(shape)]
    for index, filters in enumerate((16, 32)):
        layers.append(
            keras.layers.Conv2D(
                filters,
                3,
                strides=2,
                padding="same",
                activation="relu",
                kernel_initializer=keras.initializers.HeNormal(seeds[index]),
                data_format=data_format,
                dtype=dtype,
                name=f"convolution_{index + 1}",
            )
        )
    layers += [
        keras.layers.Flatten(data_format=data_format, dtype=dtype, name="flatten"),
        keras.layers.Dense(
            64,
            kernel_initializer=keras.initializers.GlorotUniform(seeds[2]),
            dtype=dtype,
            name="features",
        ),
        keras.layers.UnitNormalization(dtype=float32_policy(dtype), name="normalization"),
    ]
    return keras.Sequential(layers, name="encoder")
