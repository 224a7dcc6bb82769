"""Co-localization: the triplet loss, random crops, boxes, serialization and data formats."""

import keras
import numpy as np
import pytest

from keras_attn.applications import CoLocalizer
from tests.applications.models import check_fit, check_round_trip, images, unsettled
from tests.backend import BACKEND, to_numpy
from tests.moments import check_independent, check_uniform
from tests.oracles.spatial_models import triplets


def means_of_halves():
    """Returns an encoder without weights: the means of the upper and the lower half of a crop."""
    return keras.Sequential(
        [
            keras.layers.AveragePooling2D((4, 8), data_format="channels_last"),
            keras.layers.Flatten(),
        ]
    )


def small(**arguments):
    return CoLocalizer(**{"image_shape": (16, 18, 1), "seed": 3, **arguments})


def test_the_weight_of_a_pair_is_the_product_of_the_weights_of_its_images():
    model = small(encoder=means_of_halves(), output_size=(8, 8), margin=0.5)
    crops, random = images(5, 8, 8, 1), images(5, 8, 8, 1, seed=1)
    weights = np.array([0.5, 2.0, 0.0, 1.0, 3.0], "float32")
    halves = [array[..., 0].reshape(5, 2, 32).mean(axis=-1) for array in (crops, random)]
    loss = model.triplet_loss(*map(keras.ops.convert_to_tensor, (crops, random, weights)))
    np.testing.assert_allclose(to_numpy(loss), triplets(*halves, 0.5, weights), rtol=1e-5)


def test_random_crops_are_drawn_anew_by_the_seed():
    model, twin = small(), small()
    given = keras.ops.convert_to_tensor(images(4, 16, 18, 1))
    crops = to_numpy(model.random_crops(given))
    assert crops.shape == (4, 8, 9, 1)
    np.testing.assert_array_equal(to_numpy(twin.random_crops(given)), crops)
    assert np.abs(to_numpy(model.random_crops(given)) - crops).max() > 0.01


def test_random_crops_lie_within_the_image():
    # The pixels of the image are their own coordinates.
    height, width = 48, 64
    x, y = ((2 * np.arange(size) + 1) / size - 1 for size in (width, height))
    ramp = np.stack(np.meshgrid(x, y), axis=-1).astype("float32")
    model = small(image_shape=(height, width, 2), crop_scale=0.25, seed=0)
    crops = to_numpy(model.random_crops(keras.ops.convert_to_tensor(np.tile(ramp, (500, 1, 1, 1)))))
    assert crops.shape == (500, 12, 16, 2)
    np.testing.assert_allclose(np.diff(crops[..., 0], axis=2), 2 / width, atol=1e-5)
    np.testing.assert_allclose(np.diff(crops[..., 1], axis=1), 2 / height, atol=1e-5)
    centres = crops.mean(axis=(1, 2))
    for axis in range(2):
        check_uniform(centres[:, axis], -0.75, 0.75, error=1e-5)
    check_independent(*centres.T)


def test_boxes():
    model = small(image_shape=(20, 40, 1), crop_scale=0.5)
    given = images(3, 20, 40, 1)
    np.testing.assert_allclose(model.boxes(given), [[10, 5, 30, 15]] * 3, atol=1e-4)
    # A scale of 0.75 times 0.5 and shifts of half the largest, which is 0.5.
    model = small(image_shape=(20, 40, 1), crop_scale=0.5, scale_range=(0.5, 2.0))
    bias = model.get_layer("transformation").regression.bias
    log_scale = np.log(0.5) * np.arctanh(np.log(0.75) / np.log(0.5))
    bias.assign([log_scale, 0.5 * np.arctanh(0.5), -0.5 * np.arctanh(0.5)])
    # Around (0.25, -0.25), 0.375 to each side: x from -0.125 to 0.625, y from -0.625 to 0.125.
    np.testing.assert_allclose(model.boxes(given), [[17.5, 3.75, 32.5, 11.25]] * 3, atol=1e-3)


def test_the_crop_is_the_box():
    model = small(image_shape=(20, 40, 1), crop_scale=0.5)
    given = images(2, 20, 40, 1)
    crops = model.transformations(given)[0]
    np.testing.assert_allclose(crops, given[:, 5:15, 10:30], atol=1e-5)


@pytest.mark.parametrize("encoder", [None, means_of_halves])
def test_round_trip(encoder, tmp_path):
    model = small(encoder=encoder and encoder(), transformation="translation")
    given = images(2, 16, 18, 1)
    loaded = check_round_trip(model, given, tmp_path)
    crops = images(2, 8, 9, 1)
    np.testing.assert_allclose(
        to_numpy(loaded.encoder(crops)), to_numpy(model.encoder(crops)), atol=1e-6
    )


@pytest.mark.training
def test_fit_moves_all_but_the_encoder():
    check_fit(unsettled(small(margin=3.0)), images(3, 16, 18, 1), frozen=("encoder",))


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
def test_channels_first_gives_the_same():
    last = unsettled(small(image_shape=(16, 18, 2)))
    first = small(image_shape=(2, 16, 18), data_format="channels_first")
    first.set_weights(last.get_weights())
    given = images(2, 16, 18, 2)
    turned = np.moveaxis(given, -1, 1)
    np.testing.assert_allclose(first.boxes(turned), last.boxes(given), atol=1e-4)
    np.testing.assert_allclose(
        to_numpy(first.compute_loss(x=turned, y_pred=first(turned))),
        to_numpy(last.compute_loss(x=given, y_pred=last(given))),
        rtol=1e-4,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (16, 18)}, "`image_shape` must be 3 positive integers"),
        ({"output_size": (0, 4)}, "`output_size` must be 2 positive integers"),
        ({"scale_range": (2.0, 3.0)}, "`scale_range` must be"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
