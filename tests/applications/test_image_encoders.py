"""Image encoders of models: named and custom ones, preprocessing, and frozen layers."""

import keras
import numpy as np
import pytest

from keras_attn.applications import AttributeDetector, ShowAndTell, ShowAttendTell
from keras_attn.applications.coordinates import Coordinates
from keras_attn.applications.image_encoders import NAMED, image_encoder
from tests.backend import to_numpy
from tests.conformance.case import randomise
from tests.oracles.image_encoder import SYMBOLS, small, vgg_input

SIZES = {"units": 6, "embedding_units": 5, "dropout": 0.0, "data_format": "channels_last"}


@pytest.fixture(params=["channels_last", "channels_first"])
def data_format_of_keras(request):
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(request.param)
    yield request.param
    keras.config.set_image_data_format(before)


def shifted(include_top, weights, input_shape):
    """Returns a network whose layers "block5_conv1" to "block5_conv4" add 1 each."""
    images = maps = keras.Input(input_shape)
    for number in range(1, 5):
        name = f"block5_conv{number}"
        maps = keras.layers.Rescaling(1.0, offset=1.0, name=name)(maps)
    return keras.Model(images, maps)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("name", "network", "layer"),
    [("vgg16", keras.applications.VGG16, 3), ("vgg19", keras.applications.VGG19, 4)],
)
def test_named_networks_see_centered_pixels_from_blue_to_red(
    name, network, layer, data_format, data_format_of_keras, monkeypatch, generator
):
    """VGG was trained on channels blue, green, red in 0..255, minus their means over ImageNet."""
    assert NAMED[name][0] is network
    monkeypatch.setitem(NAMED, name, (shifted, NAMED[name][1]))
    images = generator.uniform(size=(2, 5, 4, 3)).astype("float32")
    expected = vgg_input(images) + layer
    if data_format == "channels_first":
        images, expected = (np.moveaxis(each, -1, 1) for each in (images, expected))
    encoder = image_encoder(name, images.shape[1:], None, data_format, None)
    found = to_numpy(encoder(images))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_the_small_encoder_with_channels_first(generator):
    images = generator.uniform(size=(2, 9, 8, 3)).astype("float32")
    encoder = randomise(image_encoder("small", (3, 9, 8), None, "channels_first", None))
    weights = {weight.path: to_numpy(weight) for weight in encoder.weights}
    expected, _ = small({symbol: weights[path] for symbol, path in SYMBOLS.items()}, images)
    found = to_numpy(encoder(np.moveaxis(images, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), expected, atol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_coordinates_are_appended_to_the_channels(data_format):
    found = to_numpy(Coordinates(data_format)(np.full((2, 3, 4, 5), 7.0, "float32")))
    channels = -1 if data_format == "channels_last" else 1
    down, across = np.moveaxis(found, channels, 0)[-2:]
    rows, columns = down.shape[1:]
    for row, column in np.ndindex(rows, columns):
        np.testing.assert_allclose(down[:, row, column], 2 * row / (rows - 1) - 1, atol=1e-6)
        np.testing.assert_allclose(
            across[:, row, column], 2 * column / (columns - 1) - 1, atol=1e-6
        )
    assert np.all(np.moveaxis(found, channels, 0)[:-2] == 7.0)


def test_a_named_encoder_without_pretrained_weights_is_trained():
    model = ShowAttendTell((32, 48, 3), 9, encoder="vgg16", **SIZES)
    assert model.features(np.zeros((1, 32, 48, 3), "float32")).shape == (1, 2, 3, 512)
    assert any("block1_conv1" in weight.path for weight in model.trainable_weights)
    assert any("block5_conv3" in weight.path for weight in model.trainable_weights)


@pytest.mark.parametrize("weights", ["imagenet", "features.weights.h5"])
def test_pretrained_weights_are_loaded_by_keras(monkeypatch, weights):
    asked = {}

    def network(**arguments):
        asked.update(arguments)
        return keras.applications.VGG16(**{**arguments, "weights": None})

    monkeypatch.setitem(NAMED, "vgg16", (network, "block5_conv3"))
    model = ShowAttendTell((32, 32, 3), 9, encoder="vgg16", encoder_weights=weights, **SIZES)
    assert asked == {"include_top": False, "weights": weights, "input_shape": (32, 32, 3)}
    # Loaded weights are frozen, and a copy from the config does not load them again.
    assert not any("block" in weight.path for weight in model.trainable_weights)
    assert model.get_config()["encoder_weights"] is None
    again = ShowAttendTell.from_config(model.get_config())
    assert not any("block" in weight.path for weight in again.trainable_weights)
    again.features.trainable = True
    assert ShowAttendTell.from_config(again.get_config()).features.trainable


def test_an_encoder_of_vectors_is_refused():
    flat = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="`encoder` must give feature maps"):
        ShowAttendTell((16, 16, 3), 9, encoder=flat, **SIZES)


@pytest.mark.parametrize("kind", [ShowAttendTell, ShowAndTell, AttributeDetector])
def test_frozen_layers_of_an_encoder_stay_frozen(kind, tmp_path):
    def model(**options):
        layers = [keras.layers.Conv2D(2, 4, strides=4), keras.layers.Conv2D(2, 1)]
        layers[0].trainable = False
        encoder = keras.Sequential([keras.Input((8, 8, 3)), *layers])
        sizes = {} if kind is AttributeDetector else {"units": 3, "embedding_units": 2}
        words = ["a"] if kind is AttributeDetector else 9
        options = {**sizes, "data_format": "channels_last", **options}
        return kind((8, 8, 3), words, encoder=encoder, **options)

    model().save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model(), kind.from_config(model().get_config()), loaded):
        assert [layer.trainable for layer in each.features.layers] == [False, True]
    for value in (False, True):
        features = model(train_encoder=value).features
        assert {layer.trainable for layer in features.layers} == {value}
