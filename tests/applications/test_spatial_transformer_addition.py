import numpy as np
import pytest

from keras_attn.applications import SpatialTransformerAddition
from tests.applications.models import (
    CROSS_ENTROPY,
    check_fit,
    check_round_trip,
    images,
    predicted,
    unsettled,
)
from tests.backend import BACKEND


def small(**arguments):
    return SpatialTransformerAddition(
        **{"image_shape": (24, 26, 2), "filters": (3, 4), "units": 5, **arguments}
    )


@pytest.mark.parametrize(
    "arguments", [{}, {"backbone": "cnn", "num_heads": 1}, {"transformation": None}]
)
def test_round_trip(arguments, tmp_path):
    model = small(**arguments)
    assert model.output_shape == (None, 19)
    check_round_trip(model, images(2, 24, 26, 2), tmp_path)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
def test_channels_first_gives_the_same():
    last = unsettled(small(backbone="cnn"))
    first = small(image_shape=(2, 24, 26), backbone="cnn", data_format="channels_first")
    first.set_weights(last.get_weights())
    given = images(2, 24, 26, 2)
    turned = np.moveaxis(given, -1, 1)
    np.testing.assert_allclose(predicted(first, turned), predicted(last, given), atol=1e-5)


@pytest.mark.parametrize("transformation", [None, "affine"])
def test_models_are_of_equal_size(transformation):
    model = SpatialTransformerAddition(transformation=transformation)
    # One unit more would be too much; with two heads it has some 7,000 weights.
    assert 792_000 < model.count_params() <= 800_000


@pytest.mark.training
def test_fit():
    model = unsettled(small())
    check_fit(model, images(3, 24, 26, 2), np.arange(3), loss=CROSS_ENTROPY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24,)}, "`image_shape` must be 3 positive integers"),
        ({"num_heads": 0}, "`num_heads` must be a positive integer"),
        ({"backbone": "rnn"}, "`backbone` must be one of"),
        ({"transformation": "shear"}, "`transformation` must be one of"),
        (
            {"transformation": None, "output_size": (30, 30)},
            "`output_size` needs a",
        ),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
