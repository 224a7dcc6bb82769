"""The callback that draws the regions of a spatial transformer during training."""

import keras
import numpy as np
import pytest

from keras_attn import SpatialTransformer
from keras_attn.applications import (
    DigitSequenceClassifier,
    InverseCompositionalClassifier,
    SpatialTransformerClassifier,
)
from keras_attn.visualization import (
    SpatialTransformerPictures,
    plot_spatial_transformer,
    spatial_transformer_pictures,
)
from keras_attn.visualization.spatial_transformer_pictures import find_transformations
from tests.backend import BACKEND, to_numpy

IMAGES = np.random.default_rng(0).random((3, 12, 12, 1), dtype="float32")
OPTIONS = {"data_format": "channels_last"}


def network(**options):
    inputs = keras.Input((12, 12, 1))
    scaled = keras.layers.Rescaling(2.0)(inputs)
    localization = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
    warped = SpatialTransformer(localization, output_size=6, **OPTIONS, **options)(scaled)
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(warped))
    return keras.Model(inputs, outputs)


def train(model, callback, epochs):
    model.compile("sgd", "mse")
    targets = np.zeros((len(IMAGES), 2), "float32")
    model.fit(IMAGES, targets, epochs=epochs, verbose=0, callbacks=[callback])


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.training
def test_draws_every_few_epochs_and_animates(tmp_path):
    from PIL import Image

    folder = tmp_path / "pictures"
    callback = SpatialTransformerPictures(IMAGES[:2], folder, frequency=2, **OPTIONS)
    train(network(), callback, epochs=5)
    assert names(folder) == ["epoch_0000.png", "epoch_0002.png", "epoch_0004.png", "training.gif"]
    sizes = set()
    for name in names(folder)[:3]:
        with Image.open(folder / name) as picture:
            picture.verify()
            sizes.add(picture.size)
    assert len(sizes) == 1
    with Image.open(folder / "training.gif") as animation:
        assert animation.n_frames == 3


@pytest.mark.training
def test_draws_without_animation(tmp_path):
    callback = SpatialTransformerPictures(IMAGES[:1], tmp_path, animation=False, **OPTIONS)
    train(network(), callback, epochs=1)
    assert names(tmp_path) == ["epoch_0000.png", "epoch_0001.png"]


@pytest.mark.parametrize("align_corners", [False, True])
def test_a_picture_of_a_model_has_its_convention(align_corners):
    model = network(align_corners=align_corners)
    warped, _, grid = find_transformations(model)[0](IMAGES)
    arrays = [to_numpy(each) for each in (warped, grid)]
    expected = plot_spatial_transformer(IMAGES, *arrays, align_corners=align_corners, **OPTIONS)
    found = plot_spatial_transformer(model, IMAGES, **OPTIONS)
    for one, other in zip(found.axes[0].lines, expected.axes[0].lines, strict=True):
        np.testing.assert_allclose(one.get_xydata(), other.get_xydata(), atol=1e-5)
    assert len(found.axes[0].lines) > 0


def test_finds_the_first_transformer_of_a_model():
    model = network(align_corners=True)
    transformations, options = find_transformations(model)
    warped, theta, grid = transformations(IMAGES)
    assert options["align_corners"]
    assert warped.shape == (3, 6, 6, 1)
    assert theta.shape == (3, 2, 3)
    assert grid.shape == (3, 6, 6, 2)
    # What comes before the layer is part of the model.
    assert to_numpy(warped).max() > 1


def test_finds_the_transformer_of_a_sequential_model():
    layers = [keras.layers.Rescaling(2.0), SpatialTransformer(output_size=5, **OPTIONS)]
    model = keras.Sequential([keras.Input((12, 12, 1)), *layers, keras.layers.Flatten()])
    warped, _, _ = find_transformations(model)[0](IMAGES)
    assert warped.shape == (3, 5, 5, 1)


def test_prefers_the_method_of_the_model():
    model = SpatialTransformerClassifier((28, 28, 1), 10, filters=(2, 2), units=4, **OPTIONS)
    assert any(isinstance(layer, SpatialTransformer) for layer in model.layers)
    transformations, options = find_transformations(model)
    assert transformations == model.transformations
    assert options["data_format"] == "channels_last"


@pytest.mark.parametrize(
    ("application", "shape", "options"),
    [
        (DigitSequenceClassifier, (16, 16, 1), {"transformers": "multi", "width": 0.05}),
        (
            InverseCompositionalClassifier,
            (1, 24, 24),
            {"num_classes": 3, "filters": (2, 2), "units": 4, "data_format": "channels_first"},
        ),
    ],
)
def test_draws_the_first_transformation_of_applications(
    tmp_path, monkeypatch, application, shape, options
):
    drawn = []

    def plot(*arrays, **options):
        drawn.append((arrays, options))
        plot_spatial_transformer(*arrays, **options)

    monkeypatch.setattr(spatial_transformer_pictures, "plot_spatial_transformer", plot)
    images = np.random.default_rng(0).random((2, *shape), dtype="float32")
    if BACKEND == "tensorflow" and options.get("data_format") == "channels_first":
        pytest.skip("no channels-first convolutions on the CPU")
    model = application(shape, **{**OPTIONS, **options})
    callback = SpatialTransformerPictures(images, tmp_path)
    callback.set_model(model)
    assert callback.draw(7) == tmp_path / "epoch_0007.png"
    assert names(tmp_path) == ["epoch_0007.png"]
    ((arrays, found),) = drawn
    look = model.transformations(images)
    warped, theta, grid = (part[0] if isinstance(part, list) else part for part in look)
    for one, other in zip(arrays, (images, warped, grid, theta), strict=True):
        np.testing.assert_array_equal(one, other)
    assert found["data_format"] == model.data_format


def test_takes_a_callable(tmp_path):
    seen = []

    def transformations(images):
        seen.append(images.shape)
        grid = np.zeros((3, 4, 4, 2))
        return np.zeros((3, 4, 4, 1)), np.zeros((3, 2, 3)), grid

    callback = SpatialTransformerPictures(
        IMAGES, tmp_path, transformations=transformations, title="mine", **OPTIONS
    )
    callback.draw(1)
    assert seen == [(3, 12, 12, 1)]
    assert names(tmp_path) == ["epoch_0001.png"]


def test_a_model_without_a_transformer_is_refused(tmp_path):
    callback = SpatialTransformerPictures(IMAGES, tmp_path)
    callback.set_model(keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()]))
    with pytest.raises(ValueError, match="`model`"):
        callback.on_train_begin()


@pytest.mark.parametrize("frequency", [0, -1, 1.5])
def test_a_bad_frequency_is_refused(frequency):
    with pytest.raises(ValueError, match="`frequency`"):
        SpatialTransformerPictures(IMAGES, "folder", frequency=frequency)


@pytest.mark.training
def test_a_model_is_built_before_the_first_picture(tmp_path):
    model = keras.Sequential(
        [
            SpatialTransformer(output_size=8, data_format="channels_last"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    callback = SpatialTransformerPictures(IMAGES, tmp_path / "pictures", **OPTIONS)
    model.fit(IMAGES, np.ones((len(IMAGES), 1)), verbose=0, callbacks=[callback])
    assert names(tmp_path / "pictures") == ["epoch_0000.png", "epoch_0001.png", "training.gif"]
