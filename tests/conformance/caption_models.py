"""Cases of the applications that describe images."""

import keras
import numpy as np

from keras_attn.applications import (
    AttributeDetector,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
)
from tests.conformance.case import ModelCase


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "named": True,
            "inputs": {
                "image": (2, 16, 16, 3),
                "target": np.array([[1, 4, 5, 6], [1, 7, 0, 0]], "int32"),
            },
            "targets": np.array([[4, 5, 6, 2], [7, 2, 0, 0]], "int32"),
            "compile": {
                "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
            },
            **changes,
        }
    )


SIZES = {
    "image_shape": (16, 16, 3),
    "target_vocabulary": 9,
    "units": 6,
    "embedding_units": 5,
    "data_format": "channels_last",
}
REFUSED = (
    {"target_vocabulary": 2},
    {"units": 0},
    {"embedding_units": -1},
    {"dropout": 1.0},
    {"encoder": "vgg"},
    {"encoder_weights": "imagenet"},
)

MODELS = [
    model(
        ShowAttendTell,
        arguments=SIZES,
        outputs=((2, 4, 16), (2, 4, 9)),
        refuses=(*REFUSED, {"mode": "medium"}, {"gate": "matrix"}),
    ),
    model(
        ShowAttendTell,
        name="hard",
        arguments={**SIZES, "mode": "hard", "gate": "vector", "seed": 1},
        outputs=((2, 4, 16), (2, 1), (2, 4), (2, 4, 9)),
        refuses=({"inference": "draw"}, {"expectation_rate": 2.0}),
    ),
    ModelCase(
        application=AttributeDetector,
        arguments={
            "image_shape": (16, 16, 3),
            "attributes": ["red", "blue", "star"],
            "dropout": 0.2,
            "data_format": "channels_last",
        },
        inputs={"image": (2, 16, 16, 3)},
        outputs=((2, 3),),
        targets=np.array([[0, 1, 1], [1, 0, 0]], "float32"),
        compile={"loss": "binary_crossentropy"},
        refuses=(
            {"attributes": []},
            {"attributes": ["red", "red"]},
            {"dropout": 1.0},
            {"encoder": "vgg"},
        ),
    ),
    model(
        SemanticAttentionCaptioner,
        arguments={
            "detector": AttributeDetector((16, 16, 3), [4, 6, 8], data_format="channels_last"),
            "target_vocabulary": 9,
            "units": 6,
            "num_attributes": 2,
        },
        outputs=((2, 4, 2), (2, 4, 2), (2, 4, 9)),
        refuses=(
            {"detector": "vgg16"},
            {"target_vocabulary": 2},
            {"units": 0},
            {"dropout": 1.0},
            {"num_attributes": 0},
            {"num_attributes": 4},
        ),
    ),
    model(ShowAndTell, arguments=SIZES, outputs=((2, 4, 9),), refuses=REFUSED),
]
