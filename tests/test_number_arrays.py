"""Arguments that are arrays of numbers: what is none is refused by the name of the argument."""

import numpy as np
import pytest

import keras_attn
from keras_attn import datasets
from keras_attn.applications import Autoencoder, intersection_over_union
from tests.backend import on_one_backend

pytestmark = on_one_backend

IMAGES = np.zeros((2, 8, 8, 1), "float32")
BOXES = np.zeros((2, 4))
LABELS = np.zeros(2, "int32")
FUNCTIONS = {
    "SpatialTransformer-control_points": lambda data: keras_attn.SpatialTransformer(
        transformation="thin_plate_spline", control_points=data
    ),
    "TransformationHead-control_points": lambda data: keras_attn.layers.TransformationHead(
        transformation="thin_plate_spline", control_points=data
    ),
    "GridGenerator-control_points": lambda data: keras_attn.layers.GridGenerator(
        "thin_plate_spline", (4, 4), control_points=data
    ),
    "BinarizedImages-images": datasets.BinarizedImages,
    "translated-images": datasets.translated,
    "cluttered-images": datasets.cluttered,
    "digit_pairs-labels": lambda data: datasets.digit_pairs(IMAGES, data),
    "digit_sequences-images": lambda data: datasets.digit_sequences(data, LABELS),
    "co_localization-labels": lambda data: datasets.co_localization(IMAGES, data, 0),
    "intersection_over_union-boxes": lambda data: intersection_over_union(data, BOXES),
    "intersection_over_union-others": lambda data: intersection_over_union(BOXES, data),
    "encode-x": Autoencoder((2,), 3).encode,
    "decode-code": Autoencoder((2,), 3).decode,
}


@pytest.mark.parametrize(
    "data",
    [[[1.0], [1.0, 2.0]], [["1", "2"]], [[None, 1.0]]],
    ids=["lists of unequal lengths", "text", "none"],
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_array_of_numbers_is_refused(name, data):
    with pytest.raises(ValueError, match=f"`{name.split('-')[1]}` must be"):
        FUNCTIONS[name](data)
