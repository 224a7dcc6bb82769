"""Classifiers of digit sequences: serialization, initial transformations, sizes and training."""

import numpy as np
import pytest

from keras_attn.applications import DigitSequenceClassifier
from keras_attn.datasets import digit_sequences
from tests.applications.models import CROSS_ENTROPY, check_fit, check_round_trip, images, unsettled


def small(**arguments):
    return DigitSequenceClassifier(
        **{"image_shape": (16, 18, 1), "max_length": 3, "width": 0.02, **arguments}
    )


def test_round_trip(tmp_path):
    check_round_trip(small(transformers="multi"), images(2, 16, 18, 1), tmp_path)


def test_the_initial_transformations_are_the_identity():
    given = images(2, 16, 18, 1)
    warped, theta, _ = small(transformers="multi").transformations(given)
    np.testing.assert_allclose(warped[0], given, atol=1e-5)
    np.testing.assert_allclose(theta, np.broadcast_to(np.eye(2, 3), (4, 2, 2, 3)), atol=1e-6)


def test_sizes_of_the_paper():
    model = DigitSequenceClassifier(transformers="none", width=0.125)
    hidden = [layer for layer in model.layers if layer.name.startswith(("convolution", "hidden"))]
    sizes = [layer.get_config().get("filters", layer.get_config().get("units")) for layer in hidden]
    expected = np.array([48, 64, 128, 160, 192, 192, 192, 192, 3072, 3072, 3072])
    np.testing.assert_array_equal(sizes, expected / 8)


@pytest.mark.training
@pytest.mark.parametrize("transformers", ["none", "multi"])
def test_fit(transformers):
    crops, sequences = digit_sequences(
        images(3, 8, 8, 1), np.arange(3), num_sequences=3, max_length=3, size=16
    )
    model = unsettled(small(image_shape=(16, 16, 1), width=0.05, transformers=transformers))
    assert sequences.max() == 10  # the blank
    check_fit(model, crops, sequences, loss=CROSS_ENTROPY, metrics=["accuracy"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (16, 18)}, "`image_shape` must be 3 positive integers"),
        ({"num_classes": 2.5}, "`num_classes` must be a positive integer"),
        ({"transformation": "shear"}, "`transformation` must be one of"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
