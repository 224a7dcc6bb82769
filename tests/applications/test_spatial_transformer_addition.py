"""Addition of two digits: serialization, sizes, data formats and refusals."""

import pytest

from keras_attn.applications import SpatialTransformerAddition
from tests.applications.models import check_channels_first, check_round_trip, images
from tests.backend import BACKEND


def small(**arguments):
    return SpatialTransformerAddition(
        **{"image_shape": (24, 26, 2), "filters": (3, 4), "units": 5, **arguments}
    )


@pytest.mark.parametrize(
    "arguments", [{"backbone": "cnn", "num_heads": 1}, {"transformation": None}]
)
def test_round_trip(arguments, tmp_path):
    check_round_trip(small(**arguments), images(2, 24, 26, 2), tmp_path)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
def test_channels_first_gives_the_same():
    first = small(image_shape=(2, 24, 26), backbone="cnn", data_format="channels_first")
    check_channels_first(small(backbone="cnn"), first, images(2, 24, 26, 2))


@pytest.mark.parametrize("transformation", [None, "affine"])
def test_models_are_of_equal_size(transformation):
    model = SpatialTransformerAddition(transformation=transformation)
    # One more hidden unit, which has about 7,000 weights with two heads, would exceed the limit.
    assert 792_000 < model.count_params() <= 800_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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
