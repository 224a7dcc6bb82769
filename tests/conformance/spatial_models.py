"""Cases of the applications of spatial transformers."""

import functools

import keras
import numpy as np

from keras_attn.applications import (
    CoLocalizer,
    DigitSequenceClassifier,
    InverseCompositionalClassifier,
    SpatialTransformerAddition,
    SpatialTransformerClassifier,
)
from tests.conformance import spatial_symbols as symbols
from tests.conformance.case import ModelCase
from tests.conformance.oracle import Oracle
from tests.oracles import spatial_models as oracles


def images(*shape):
    return np.random.default_rng(4).uniform(size=shape).astype("float32")


CROSS_ENTROPY = {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
# In narrower layers all rectifiers may be at zero, and then the weights before get no gradient.
SMALL = {"filters": (6, 8), "units": 32, "data_format": "channels_last"}

MODELS = [
    ModelCase(
        application=SpatialTransformerClassifier,
        name="cnn",
        arguments={"image_shape": (24, 26, 1), "num_classes": 3, "output_size": (24, 24), **SMALL},
        inputs={"image": images(2, 24, 26, 1)},
        compile=CROSS_ENTROPY,
        targets=np.array([0, 2]),
        oracle=Oracle(
            {**symbols.default_localization("transform/"), **symbols.backbone("cnn")},
            oracles.classifier(oracles.convolutions, oracles.convolutional_features, size=(24, 24)),
        ),
        refuses=(
            {"image_shape": (0, 24, 1)},
            {"backbone": "rnn"},
            {"num_classes": 0},
            {"transformation": "spline"},
            {"data_format": "channels_middle"},
        ),
    ),
    ModelCase(
        application=SpatialTransformerClassifier,
        name="fcn-spline-heads",
        arguments={
            "image_shape": (10, 9, 1),
            "num_classes": 3,
            "backbone": "fcn",
            "transformation": "thin_plate_spline",
            "num_heads": 2,
            **SMALL,
        },
        inputs={"image": images(2, 10, 9, 1)},
        compile=CROSS_ENTROPY,
        targets=np.array([0, 2]),
        oracle=Oracle(
            {**symbols.dense_localization(), **symbols.backbone("fcn")},
            oracles.classifier(
                oracles.pixels,
                oracles.dense_features,
                transformation="thin_plate_spline",
                num_heads=2,
            ),
        ),
    ),
    ModelCase(
        application=SpatialTransformerAddition,
        arguments={"image_shape": (12, 12, 2), **SMALL},
        inputs={"pair": images(2, 12, 12, 2)},
        compile=CROSS_ENTROPY,
        targets=np.array([3, 18]),
        oracle=Oracle(
            {**symbols.dense_localization(), **symbols.backbone("fcn")},
            oracles.addition(oracles.pixels, oracles.dense_features, num_heads=2),
        ),
        refuses=({"image_shape": (12, 12)}, {"num_heads": 0}, {"num_classes": 0}),
    ),
    ModelCase(
        application=DigitSequenceClassifier,
        arguments={
            "image_shape": (16, 16, 1),
            "max_length": 2,
            "width": 0.1,
            "data_format": "channels_last",
        },
        inputs={"image": images(2, 16, 16, 1)},
        compile=CROSS_ENTROPY,
        targets=np.array([[1, 10], [2, 3]]),
        oracle=Oracle(
            symbols.digit_sequence("single"),
            functools.partial(oracles.digit_sequence, transformers="single", max_length=2),
            gain=2.4,
        ),
        refuses=({"transformers": "all"}, {"max_length": 0}, {"width": 0.0}),
    ),
    ModelCase(
        application=InverseCompositionalClassifier,
        arguments={"image_shape": (24, 24, 1), "num_classes": 3, "num_warps": 2, **SMALL},
        inputs={"image": images(2, 24, 24, 1)},
        compile=CROSS_ENTROPY,
        targets=np.array([0, 2]),
        oracle=Oracle(
            {**symbols.default_localization(), **symbols.backbone("cnn")},
            functools.partial(oracles.inverse_compositional, transformation="affine", num_warps=2),
        ),
        refuses=({"num_warps": 0}, {"transformation": "flow"}),
    ),
    ModelCase(
        application=CoLocalizer,
        arguments={"image_shape": (16, 16, 1), "seed": 1, "data_format": "channels_last"},
        inputs={"image": images(4, 16, 16, 1)},
        compile={},
        oracle=Oracle(
            {**symbols.default_localization(), **symbols.ENCODER},
            functools.partial(oracles.co_localizer, size=(8, 8), scale_range=(0.5, 1.5)),
            functools.partial(oracles.co_localizer_training, size=(8, 8), scale_range=(0.5, 1.5)),
        ),
        refuses=({"crop_scale": 1.0}, {"margin": 0.0}, {"transformation": "flow"}),
    ),
]
