"""Cases of the applications that paint images."""

import numpy as np

from keras_attn.applications import DRAW
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
            {"deviation": 0.0},
            {"outside": "nowhere"},
            {"data_format": "depth_first"},
        ),
    ),
    painter(
        name="whole",
        arguments={**SIZES, "read_size": None, "write_size": None, "likelihood": "gaussian"},
    ),
]
