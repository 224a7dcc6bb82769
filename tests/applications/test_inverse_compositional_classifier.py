import numpy as np
import pytest

from keras_attn.applications import InverseCompositionalClassifier
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
    return InverseCompositionalClassifier(
        **{"image_shape": (24, 26, 1), "num_classes": 3, "filters": (3, 4), "units": 5, **arguments}
    )


@pytest.mark.parametrize("transformation", ["affine", "projective"])
def test_round_trip(transformation, tmp_path):
    model = small(transformation=transformation, num_warps=2)
    assert model.output_shape == (None, 3)
    check_round_trip(model, images(2, 24, 26, 1), tmp_path)


def test_at_the_start_four_warps_blur_nothing():
    given = images(2, 24, 26, 1)
    warped, theta, grid = small(num_warps=4).transformations(given)
    assert grid.shape == (2, 24, 26, 2)
    np.testing.assert_allclose(theta, np.broadcast_to(np.eye(2, 3), (2, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(warped, given, atol=1e-5)


def test_parameters_set_by_hand():
    # Each step halves the picture's scale and then moves it by a quarter of what is left.
    model = small(transformation="attention", num_warps=2)
    model.get_layer("transformation").regression.bias.assign([np.log(0.5), 0.5, 0.0])
    theta = model.transformations(images(1, 24, 26, 1))[1]
    np.testing.assert_allclose(theta[0], [[0.25, 0, 0.75], [0, 0.25, 0]], atol=1e-6)


def test_the_number_of_warps_costs_no_weights():
    assert small(num_warps=1).count_params() == small(num_warps=4).count_params()
    model = InverseCompositionalClassifier((42, 42, 1), 10)
    assert 398_000 < model.count_params() <= 400_000


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
def test_channels_first_gives_the_same():
    last = unsettled(small(image_shape=(24, 26, 2), num_warps=2))
    first = small(image_shape=(2, 24, 26), num_warps=2, data_format="channels_first")
    first.set_weights(last.get_weights())
    given = images(2, 24, 26, 2)
    turned = np.moveaxis(given, -1, 1)
    np.testing.assert_allclose(predicted(first, turned), predicted(last, given), atol=1e-5)


@pytest.mark.training
def test_fit():
    model = unsettled(small(num_warps=2))
    check_fit(model, images(3, 24, 26, 1), np.arange(3), loss=CROSS_ENTROPY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24, 26)}, "`image_shape` must be 3 positive integers"),
        ({"image_shape": (8, 26, 1)}, "must be at least 24 pixels"),
        ({"num_warps": 0}, "`num_warps` must be a positive integer"),
        ({"transformation": "thin_plate_spline"}, "which can be composed"),
        ({"padding_mode": "wrap"}, "`padding_mode` must be one of"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
