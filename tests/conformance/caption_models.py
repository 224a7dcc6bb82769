"""Cases of the applications that describe images."""

from functools import partial

import keras
import numpy as np

from keras_attn.applications import (
    AttributeDetector,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
)
from tests.conformance import caption_oracles as oracles
from tests.conformance.case import ModelCase
from tests.oracles import caption_losses


def model(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "named": True,
            "inputs": {
                "image": (2, 16, 12, 3),
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
    "image_shape": (16, 12, 3),
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
        refuses=(*REFUSED, {"mode": "medium"}, {"gate": "matrix"}),
        oracle=oracles.soft(),
    ),
    model(
        ShowAttendTell,
        name="hard",
        arguments={**SIZES, "mode": "hard", "gate": "vector", "seed": 1},
        refuses=({"inference": "draw"}, {"expectation_rate": 2.0}),
        oracle=oracles.hard(),
    ),
    ModelCase(
        application=AttributeDetector,
        arguments={
            "image_shape": (16, 12, 3),
            "attributes": ["red", "blue", "star"],
            "dropout": 0.2,
            "data_format": "channels_last",
        },
        inputs={"image": (2, 16, 12, 3)},
        targets=np.array([[0, 1, 1], [1, 0, 0]], "float32"),
        compile={"loss": "binary_crossentropy"},
        refuses=(
            {"attributes": []},
            {"attributes": ["red", "red"]},
            {"dropout": 1.0},
            {"encoder": "vgg"},
        ),
        oracle=oracles.attribute_detector(rate=0.2),
    ),
    model(
        SemanticAttentionCaptioner,
        arguments={
            "detector": AttributeDetector((16, 12, 3), [4, 6, 8], data_format="channels_last"),
            "target_vocabulary": 9,
            "units": 6,
            "num_attributes": 2,
        },
        refuses=(
            {"detector": "vgg16"},
            {"target_vocabulary": 2},
            {"units": 0},
            {"dropout": 1.0},
            {"num_attributes": 0},
            {"num_attributes": 4},
        ),
        oracle=oracles.semantic_attention([4, 6, 8], 2),
    ),
    model(
        ShowAndTell,
        arguments=SIZES,
        refuses=REFUSED,
        oracle=oracles.show_and_tell(),
    ),
]

# Cases only for the contract of their oracles, with an encoder without weights.
BLOCKS = {"encoder": keras.layers.AveragePooling2D(4, data_format="channels_last")}
BLOCKS_FIRST = {
    "image_shape": (3, 16, 12),
    "encoder": keras.layers.AveragePooling2D(4, data_format="channels_first"),
    "data_format": "channels_first",
}
IMAGES_FIRST = {"image": (2, 3, 16, 12)}
TARGET = {"target": np.array([[1, 4, 5, 6], [1, 7, 0, 0]], "int32")}


def variant(application, name, oracle, **arguments):
    inputs = {"inputs": {**IMAGES_FIRST, **TARGET}} if "data_format" in arguments else {}
    arguments = {**SIZES, **BLOCKS, **arguments}
    return model(application, name=name, arguments=arguments, oracle=oracle, **inputs)


VARIANTS = [
    variant(
        ShowAttendTell,
        "no-gate",
        oracles.soft(penalty=0.25, gate=False, rate=0.25, encoder="blocks"),
        gate=None,
        doubly_stochastic_weight=0.25,
        dropout=0.25,
    ),
    variant(
        ShowAttendTell,
        "vector-gate-channels-first",
        oracles.soft(encoder="blocks", data_format="channels_first"),
        gate="vector",
        **BLOCKS_FIRST,
    ),
    variant(
        ShowAttendTell,
        "expectation",
        oracles.hard(
            partial(caption_losses.reinforce, reward_weight=0.5, entropy_weight=0.25, to_go=False),
            expectation_rate=0.25,
            inference="expectation",
            encoder="blocks",
        ),
        mode="hard",
        reward_weight=0.5,
        entropy_weight=0.25,
        reward_to_go=False,
        expectation_rate=0.25,
        inference="expectation",
        seed=2,
    ),
    variant(
        ShowAttendTell,
        "straight-through",
        oracles.hard(oracles.entropy(0.25), expectation_rate=0.0, encoder="blocks"),
        mode="hard",
        estimator="straight_through",
        entropy_weight=0.25,
        expectation_rate=0.0,
        seed=3,
    ),
    variant(
        ShowAndTell,
        "channels-first",
        oracles.show_and_tell(rate=0.25, encoder="blocks", data_format="channels_first"),
        dropout=0.25,
        **BLOCKS_FIRST,
    ),
    ModelCase(
        application=AttributeDetector,
        name="channels-first",
        arguments={**BLOCKS_FIRST, "attributes": ["red", "blue", "star"], "dropout": 0.25},
        inputs=IMAGES_FIRST,
        targets=np.array([[0, 1, 1], [1, 0, 0]], "float32"),
        compile={"loss": "binary_crossentropy"},
        oracle=oracles.attribute_detector(0.25, "blocks", "channels_first"),
    ),
    model(
        SemanticAttentionCaptioner,
        name="three-of-four",
        arguments={
            "detector": AttributeDetector(
                (16, 12, 3), [8, 4, 5, 6], dropout=0.5, data_format="channels_last", **BLOCKS
            ),
            "target_vocabulary": 9,
            "units": 6,
            "num_attributes": 3,
            "sparsity_weight": 0.25,
            "dropout": 0.25,
        },
        oracle=oracles.semantic_attention([8, 4, 5, 6], 3, 0.25, 0.25, encoder="blocks"),
    ),
]
