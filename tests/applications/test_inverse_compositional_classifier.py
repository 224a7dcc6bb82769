"""Inverse compositional spatial transformers: compositions of warps, sizes and refusals."""

import numpy as np
import pytest

from keras_attn.applications import InverseCompositionalClassifier
from tests.applications.models import check_channels_first, check_round_trip, images
from tests.backend import BACKEND


def small(**arguments):
    return InverseCompositionalClassifier(
        **{"image_shape": (24, 26, 1), "num_classes": 3, "filters": (3, 4), "units": 5, **arguments}
    )


def test_round_trip(tmp_path):
    model = small(transformation="projective", num_warps=2)
    check_round_trip(model, images(2, 24, 26, 1), tmp_path)


def test_initial_warps_do_not_blur():
    given = images(2, 24, 26, 1)
    warped, theta, _ = small(num_warps=4).transformations(given)
    np.testing.assert_allclose(theta, np.broadcast_to(np.eye(2, 3), (2, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(warped, given, atol=1e-5)


def test_warps_are_composed():
    # Each step halves the scale, and then shifts the image by half of its size at that scale.
    model = small(transformation="attention", num_warps=2)
    model.get_layer("transformation").regression.bias.assign([np.log(0.5), 0.5, 0.0])
    theta = model.transformations(images(1, 24, 26, 1))[1]
    np.testing.assert_allclose(theta[0], [[0.25, 0, 0.75], [0, 0.25, 0]], atol=1e-6)


def test_the_warps_share_their_weights():
    assert small(num_warps=1).count_params() == small(num_warps=4).count_params()
    model = InverseCompositionalClassifier((42, 42, 1), 10)
    assert 398_000 < model.count_params() <= 400_000


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
def test_channels_first_gives_the_same():
    last = small(image_shape=(24, 26, 2), num_warps=2)
    first = small(image_shape=(2, 24, 26), num_warps=2, data_format="channels_first")
    check_channels_first(last, first, images(2, 24, 26, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24, 26)}, "`image_shape` must be 3 positive integers"),
        ({"image_shape": (8, 26, 1)}, "must be at least 24 pixels"),
        ({"padding_mode": "wrap"}, "`padding_mode` must be one of"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
