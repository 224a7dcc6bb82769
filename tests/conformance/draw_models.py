"""Cases of the applications that read or write images by windows."""

import keras
import numpy as np

from keras_attn.applications import DRAW, DRAWClassifier
from tests.conformance.case import ModelCase
from tests.conformance.oracle import Oracle
from tests.oracles.painting import DRAWByHand, DRAWClassifierByHand

IMAGES = np.random.default_rng(5).integers(0, 2, (2, 6, 5, 1)).astype("float32")
SIZES = {
    "image_shape": (6, 5, 1),
    "steps": 3,
    "units": 4,
    "latent_units": 2,
    "read_size": 2,
    "write_size": 3,
    "data_format": "channels_last",
}


def painter(images=IMAGES, name="", weights=None, refuses=(), **changes):
    """Returns a case of `DRAW`.

    Args:
        images: inputs.
        name, weights, refuses: see `ModelCase`.
        **changes: arguments that replace `SIZES`.
    """
    arguments = {**SIZES, "image_shape": images.shape[1:], **changes}
    options = {name: value for name, value in arguments.items() if name != "beta"}
    by_hand = DRAWByHand(**options)
    return ModelCase(
        application=DRAW,
        name=name,
        arguments=arguments,
        inputs={"image": images},
        compile={},
        weights=weights or {},
        refuses=refuses,
        oracle=Oracle(by_hand.symbols, by_hand.forward, by_hand.training, by_hand.calls),
    )


MODELS = [
    painter(
        refuses=(
            {"image_shape": (6, 5)},
            {"steps": 0},
            {"units": 0},
            {"latent_units": 1.5},
            {"read_size": 6},
            {"write_size": 6},
            {"likelihood": "poisson"},
            {"stddev": 0.0},
            {"padding_mode": "nowhere"},
            {"data_format": "depth_first"},
        ),
    ),
    painter(name="whole", read_size=None, write_size=None, likelihood="gaussian"),
]

# Biases of projections whose windows extend beyond the image.
OUTSIDE = np.array([0.9, -1.1, -1.0, 0.3, 0.2], "float32")
COLORED = np.random.default_rng(6).uniform(size=(2, 6, 5, 2)).astype("float32")
IMAGES_FIRST = np.random.default_rng(6).normal(size=(2, 2, 6, 5)).astype("float32")
FIRST = {"images": IMAGES_FIRST, "data_format": "channels_first"}

LOOKS = {
    "image_shape": (6, 5, 1),
    "num_classes": 3,
    "steps": 3,
    "units": 4,
    "read_size": 2,
    "data_format": "channels_last",
}


def looker(images=(2, 6, 5, 1), name="", weights=None, refuses=(), **changes):
    """Returns a case of `DRAWClassifier`; see `painter`."""
    shape = getattr(images, "shape", images)
    arguments = {**LOOKS, "image_shape": shape[1:], **changes}
    by_hand = DRAWClassifierByHand(**arguments)
    return ModelCase(
        application=DRAWClassifier,
        name=name,
        arguments=arguments,
        inputs={"image": images},
        targets=np.array([0, 2]),
        compile={"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        weights=weights or {},
        refuses=refuses,
        oracle=Oracle(by_hand.symbols, by_hand.forward),
    )


MODELS += [
    looker(
        refuses=(
            {"image_shape": (6, 5)},
            {"num_classes": 0},
            {"steps": 0},
            {"units": 0},
            {"read_size": 6},
            {"data_format": "depth_first"},
            {"padding_mode": "nowhere"},
        ),
    ),
    looker(name="whole", read_size=None),
]

VARIANTS = [
    painter(
        COLORED,
        name="zeros",
        padding_mode="zeros",
        weights={
            "recurrence/read/projection/bias": OUTSIDE,
            "recurrence/write/projection/bias": np.concatenate([np.ones(18), -OUTSIDE]),
        },
    ),
    painter(
        **FIRST, name="channels-first", likelihood="gaussian", stddev=0.5, learn_initial_state=False
    ),
    painter(COLORED, name="whole-read", read_size=None),
    painter(COLORED, name="whole-write", write_size=None, likelihood="gaussian", stddev=2.0),
    looker(
        **FIRST,
        name="zeros",
        padding_mode="zeros",
        weights={"glimpses/read/projection/bias": OUTSIDE},
    ),
    looker(**FIRST, name="whole-channels-first", read_size=None),
]
