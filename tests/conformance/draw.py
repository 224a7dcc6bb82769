"""Cases of the reads and writes of DRAW."""

import numpy as np

from keras_attn import DRAWRead, DRAWWrite, WholeImageRead, WholeImageWrite
from tests.conformance.case import LayerCase
from tests.oracles.draw import read, window, write

IMAGES = {"image": (2, 5, 7, 2), "error": (2, 5, 7, 2), "state": (2, 4)}
ONE = {"image": (2, 5, 7, 1), "state": (2, 4)}
NASTY = {
    "far away": {"state": np.full((2, 4), 1e4, "float32")},
    "one pixel": {"image": (2, 1, 1, 2), "error": (2, 1, 1, 2)},
    "zeros": {name: np.zeros(shape, "float32") for name, shape in IMAGES.items()},
}
REFUSED = (
    {"patch_size": 0},
    {"patch_size": 2.5},
    {"padding_mode": "nowhere"},
    {"data_format": "depth_first"},
)


def projected(weights, state):
    return state.astype("float64") @ weights["projection/kernel"] + weights["projection/bias"]


def reads(patch_size, padding_mode="border", windows=False):
    """The oracle of a reader."""

    def expected(weights, **arrays):
        *images, state = arrays.values()
        numbers = projected(weights, state)
        found = [
            read(each, [image[n] for image in images], patch_size, padding_mode)
            for n, each in enumerate(numbers)
        ]
        if not windows:
            return np.array(found)
        places = [window(each, *images[0].shape[1:3], patch_size) for each in numbers]
        center, stride, variance, intensity, box = map(np.array, zip(*places, strict=True))
        # Dictionaries are flat in the order of their names.
        return [np.array(found), box, center, intensity, stride, variance]

    return expected


def writes(patch_size, image_shape, padding_mode="border"):
    """The oracle of a writer."""

    def expected(weights, state):
        numbers = projected(weights, state)
        return np.array([write(each, image_shape, patch_size, padding_mode) for each in numbers])

    return expected


def whole(weights, image, error, state):
    return np.concatenate([image.reshape(2, -1), error.reshape(2, -1)], axis=1)


LAST = {"data_format": "channels_last"}
WRITE = {"patch_size": 3, "image_shape": (5, 7, 2), **LAST}
READER = {
    "layer": DRAWRead,
    "inputs": IMAGES,
    "refuses_inputs": ({"image": (2, 5, 7)}, {"image": (2, 5, 6, 2)}, {"state": (2, 3, 4)}),
}

DRAW = [
    LayerCase(
        **READER,
        arguments={"patch_size": 3, **LAST},
        channels_first={"image": 1, "error": 1},
        expected=reads(3),
        refuses=REFUSED,
        nasty=NASTY,
    ),
    LayerCase(
        **READER,
        name="window",
        arguments={"patch_size": 2, "padding_mode": "zeros", **LAST},
        call={"return_window": True},
        expected=reads(2, "zeros", windows=True),
        float32=(1, 2, 3, 4, 5),
        nasty=NASTY,
    ),
    LayerCase(
        layer=DRAWRead,
        name="glimpse",
        inputs=ONE,
        arguments={"patch_size": 1, **LAST},
        expected=reads(1),
        # A single filter has no stride.
    ),
    LayerCase(
        layer=DRAWWrite,
        inputs={"state": (2, 4)},
        arguments=WRITE,
        expected=writes(3, (5, 7, 2)),
        refuses=(*REFUSED, {"image_shape": (5, 7)}, {"image_shape": (5, 7, 0)}),
        refuses_inputs=({"state": (2, 3, 4)},),
        nasty={"far away": {"state": np.full((2, 4), 1e4, "float32")}},
    ),
    LayerCase(
        layer=DRAWWrite,
        name="zeros",
        inputs={"state": (2, 4)},
        arguments={**WRITE, "padding_mode": "zeros"},
        expected=writes(3, (5, 7, 2), "zeros"),
    ),
    LayerCase(
        layer=WholeImageRead,
        inputs=IMAGES,
        arguments=LAST,
        expected=whole,
        refuses=({"data_format": "depth_first"},),
        refuses_inputs=READER["refuses_inputs"],
    ),
    LayerCase(
        layer=WholeImageWrite,
        inputs={"state": (2, 4)},
        arguments={"image_shape": (5, 7, 2), **LAST},
        expected=lambda weights, state: projected(weights, state).reshape(2, 5, 7, 2),
        refuses=({"image_shape": (5, 7)}, {"data_format": "depth_first"}),
        refuses_inputs=({"state": (2, 3, 4)},),
    ),
]
