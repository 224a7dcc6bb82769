"""Cases of the applications that paint images."""

import keras
import numpy as np

from keras_attn.applications import (
    DRAW,
    Autoencoder,
    DenoisingAutoencoder,
    DRAWClassifier,
    VariationalAutoencoder,
)
from tests.conformance.case import ModelCase

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


def painter(**changes):
    return ModelCase(
        **{
            "application": DRAW,
            "arguments": SIZES,
            "inputs": {"image": IMAGES},
            # The last canvas is random, what it was drawn with too.
            "outputs": ((2, 6, 5, 1), (2, 3)),
            "targets": None,
            "compile": {},
            **changes,
        }
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
    painter(
        name="whole",
        arguments={**SIZES, "read_size": None, "write_size": None, "likelihood": "gaussian"},
    ),
]

LOOKS = {
    "image_shape": (6, 5, 1),
    "num_classes": 3,
    "steps": 3,
    "units": 4,
    "read_size": 2,
    "data_format": "channels_last",
}
MODELS += [
    ModelCase(
        application=DRAWClassifier,
        arguments=LOOKS,
        inputs={"image": (2, 6, 5, 1)},
        outputs=((2, 3),),
        targets=np.array([0, 2]),
        compile={"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
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
    ModelCase(
        application=DRAWClassifier,
        name="whole",
        arguments={**LOOKS, "read_size": None},
        inputs={"image": (2, 6, 5, 1)},
        outputs=((2, 3),),
        targets=np.array([0, 2]),
        compile={"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    ),
]

CODED = {"example_shape": (3, 4), "units": (6, 2)}


def autoencoder(application, **changes):
    return ModelCase(
        **{
            "application": application,
            "inputs": {"x": (3, 3, 4)},
            "outputs": ((3, 3, 4),),
            "targets": np.ones((3, 3, 4), "float32"),
            # Of so few units some may never be active.
            "arguments": {**CODED, "activation": "tanh"},
            **changes,
        }
    )


REFUSED = ({"example_shape": ()}, {"example_shape": (3, 0)}, {"units": ()}, {"units": (4, 0)})
MODELS += [
    autoencoder(Autoencoder, refuses=(*REFUSED, {"sparsity": -1.0})),
    autoencoder(
        Autoencoder,
        name="sparse",
        arguments={"example_shape": (3, 4), "units": 20, "sparsity": 0.1},
    ),
    autoencoder(
        DenoisingAutoencoder,
        arguments={**CODED, "activation": "tanh", "amount": 0.2, "seed": 1},
        refuses=(*REFUSED, {"corruption": "holes"}, {"amount": 1.5}),
    ),
    ModelCase(
        application=VariationalAutoencoder,
        arguments={
            "example_shape": (6, 5, 1),
            "latent_units": 2,
            "units": 4,
            "activation": "tanh",
        },
        inputs={"x": IMAGES},
        outputs=((2, 6, 5, 1), (2, 1)),
        compile={},
        refuses=(*REFUSED[:2], {"latent_units": 0}, {"likelihood": "poisson"}, {"stddev": -1.0}),
    ),
]
