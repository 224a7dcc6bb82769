"""Further options of the applications of spatial transformers, for the contract of oracles."""

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
from tests.conformance.oracle import Oracle
from tests.conformance.spatial_models import MODELS, SMALL, images
from tests.oracles import spatial_models as oracles


def variant(application, name, arguments, image, oracle):
    """Returns the first case of an application, changed."""
    first = next(case for case in MODELS if case.application is application)
    inputs = dict.fromkeys(first.inputs, image)
    shape = {"image_shape": image.shape[1:], "data_format": "channels_last"}
    arguments = {**shape, **arguments}
    return first.with_(name=name, arguments=arguments, inputs=inputs, oracle=oracle)


def classifier(
    name, image, features, backbone="fcn", application=SpatialTransformerClassifier, **options
):
    """Returns a case of a classifier, whose options are those of its oracle."""
    networks = {"cnn": oracles.convolutions, "fcn": oracles.pixels}
    localizations = {
        None: {},
        oracles.dense_features: symbols.dense_localization(),
        oracles.convolutional_features: symbols.default_localization("transform/"),
        oracles.shared_features: symbols.shared_localization(),
        oracles.flow_features: symbols.flow_localization(),
    }
    arguments = {"backbone": backbone, **SMALL, **options}
    if application is SpatialTransformerClassifier:
        arguments["num_classes"] = 3
        arguments["shared_localization"] = features is oracles.shared_features
    if features is None:
        arguments["transformation"] = None
    if "size" in arguments:
        arguments["output_size"] = arguments.pop("size")
    make = {
        SpatialTransformerClassifier: oracles.classifier,
        SpatialTransformerAddition: oracles.addition,
    }[application]
    return variant(
        application,
        name,
        arguments,
        image,
        Oracle(
            {**localizations[features], **symbols.backbone(backbone)},
            make(networks[backbone], features, **options),
        ),
    )


def pooled(p, crop):
    """Means of the quarters of a crop of 6×4 pixels."""
    return np.array([crop[i : i + 3, j : j + 2].mean() for i in (0, 3) for j in (0, 2)])


def pooling_encoder():
    """Returns the layers of `pooled`."""
    pooling = keras.layers.AveragePooling2D((3, 2), data_format="channels_last")
    # The loss compares features without dropout.
    dropout = keras.layers.Dropout(0.5, seed=1)
    return keras.Sequential([pooling, keras.layers.Flatten(), dropout], name="encoder")


CROPS = {
    "crop_scale": 0.4,
    "transformation": "translation",
    "padding_mode": "border",
}

VARIANTS = [
    classifier("plain", images(2, 5, 6, 1), None),
    classifier(
        "limited-tiles",
        images(2, 10, 9, 1),
        oracles.dense_features,
        transformation="similarity",
        num_heads=2,
        initialization="tiling",
        scale_range=(0.5, 1.5),
        max_shift=0.3,
        size=(3, 2),
        padding_mode="border",
        antialias=True,
    ),
    classifier(
        "spline",
        images(2, 6, 7, 1),
        oracles.dense_features,
        transformation="thin_plate_spline",
        control_points=(2, 3),
        max_shift=0.2,
        padding_mode="reflection",
    ),
    classifier(
        "flow",
        images(2, 8, 7, 1),
        oracles.flow_features,
        transformation="flow",
        num_heads=2,
        interpolation="nearest",
    ),
    classifier(
        "shared",
        images(2, 24, 25, 1),
        oracles.shared_features,
        backbone="cnn",
        transformation="projective",
        num_heads=2,
        interpolation="bicubic",
    ),
    classifier(
        "cnn-tiles",
        images(2, 26, 24, 2),
        oracles.convolutional_features,
        backbone="cnn",
        application=SpatialTransformerAddition,
        initialization="tiling",
        num_heads=3,
        size=(24, 24),
        transformation="attention",
    ),
    classifier(
        "one-head",
        images(2, 8, 6, 2),
        oracles.dense_features,
        application=SpatialTransformerAddition,
        num_heads=1,
        size=(3, 2),
        antialias=True,
    ),
    variant(
        DigitSequenceClassifier,
        "multi",
        {"transformers": "multi", "max_length": 3, "width": 0.1, "num_classes": 4},
        images(2, 12, 9, 2),
        Oracle(
            symbols.digit_sequence("multi"),
            functools.partial(oracles.digit_sequence, transformers="multi", max_length=3),
            gain=2.4,
        ),
    ),
    variant(
        InverseCompositionalClassifier,
        "projective",
        {
            "num_classes": 3,
            "transformation": "projective",
            "num_warps": 3,
            "padding_mode": "border",
            **SMALL,
        },
        images(2, 24, 25, 1),
        Oracle(
            {**symbols.default_localization(), **symbols.backbone("cnn")},
            functools.partial(
                oracles.inverse_compositional,
                transformation="projective",
                num_warps=3,
                padding_mode="border",
            ),
        ),
    ),
    variant(
        CoLocalizer,
        "encoder",
        {"encoder": pooling_encoder(), "output_size": (6, 4), "margin": 0.01, "seed": 3, **CROPS},
        images(4, 12, 9, 1),
        Oracle(
            symbols.default_localization(),
            functools.partial(oracles.co_localizer, size=(6, 4), **CROPS),
            functools.partial(
                oracles.co_localizer_training, size=(6, 4), margin=0.01, features=pooled, **CROPS
            ),
        ),
    ),
]
