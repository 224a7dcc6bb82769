import keras
import numpy as np
import pytest

from keras_attn.applications import SpatialTransformerClassifier
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
    return SpatialTransformerClassifier(
        **{"image_shape": (24, 26, 1), "num_classes": 3, "filters": (3, 4), "units": 5, **arguments}
    )


KINDS = {
    "cnn": {"transformation": None},
    "fcn": {"transformation": None, "backbone": "fcn"},
    "st_cnn": {},
    "st_fcn": {
        "backbone": "fcn",
        "transformation": "projective",
        "output_size": (7, 8),
        "antialias": True,
    },
    "shared": {"shared_localization": True, "output_size": (24, 24)},
    "num_heads": {"num_heads": 2, "initialization": "tiling", "transformation": "attention"},
    "spline": {
        "backbone": "fcn",
        "transformation": "thin_plate_spline",
        "control_points": (3, 3),
        "max_shift": 0.5,
    },
    "flow": {"backbone": "fcn", "transformation": "flow"},
}


SHAPES = {
    "st_fcn": ((7, 8, 1), (3, 3), (7, 8, 2)),
    "num_heads": ((2, 24, 26, 1), (2, 2, 3), (2, 24, 26, 2)),
    "spline": ((24, 26, 1), (9, 2), (24, 26, 2)),
    "flow": ((24, 26, 1), (24, 26, 2), (24, 26, 2)),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("cnn", "st_cnn")])
def test_round_trip(kind, tmp_path):
    model = small(**KINDS[kind])
    assert model.output_shape == (None, 3)
    check_round_trip(model, images(2, 24, 26, 1), tmp_path)


@pytest.mark.parametrize("kind", SHAPES)
def test_transformations(kind):
    looks = small(**KINDS[kind]).transformations(images(3, 24, 26, 1), batch_size=2)
    assert all(isinstance(part, np.ndarray) for part in looks)
    assert tuple(part.shape for part in looks) == tuple((3, *shape) for shape in SHAPES[kind])


def test_a_network_without_transformer_has_no_transformations():
    with pytest.raises(ValueError, match="needs a model with a spatial transformer"):
        small(transformation=None).transformations(images(1, 24, 26, 1))


def test_parameters_of_the_convolutional_network():
    model = SpatialTransformerClassifier((42, 42, 1), 10, transformation=None, units=100)
    convolutions = 9 * 9 * 32 + 32 + 7 * 7 * 32 * 64 + 64
    assert model.count_params() == convolutions + (5 * 5 * 64 + 1) * 100 + 101 * 10


@pytest.mark.parametrize("kind", ["cnn", "st_cnn", "num_heads", "fcn"])
def test_models_are_of_equal_size(kind):
    model = SpatialTransformerClassifier((42, 42, 1), 10, **{**KINDS[kind], "output_size": None})
    # One unit more would be too much; with two heads it has 3,211 weights.
    assert 396_700 < model.count_params() <= 400_000


def test_at_the_start_the_transformer_changes_nothing():
    plain, warping = small(transformation=None), small()
    for name in ("features", "hidden_1", "logits"):
        warping.get_layer(name).set_weights(plain.get_layer(name).get_weights())
    given = images(2, 24, 26, 1)
    np.testing.assert_allclose(predicted(warping, given), predicted(plain, given), atol=1e-5)
    assert (
        plain.get_layer("features").count_params() == warping.get_layer("features").count_params()
    )


@pytest.mark.training
@pytest.mark.parametrize("kind", ["shared", "num_heads"])
def test_fit(kind):
    model = unsettled(small(**KINDS[kind]))
    check_fit(model, images(2, 24, 26, 1), np.arange(2), loss=CROSS_ENTROPY, metrics=["accuracy"])


@pytest.mark.training
def test_mixed_precision():
    model = small(dtype="mixed_float16", backbone="fcn", output_size=(5, 5))
    given = images(2, 24, 26, 1)
    model.compile("sgd", loss=CROSS_ENTROPY)
    assert np.isfinite(model.fit(given, np.arange(2), verbose=0).history["loss"]).all()
    assert keras.backend.standardize_dtype(model(given).dtype) == "float32"
    dtypes = [keras.backend.standardize_dtype(part.dtype) for part in model.look]
    assert dtypes == ["float16", "float32", "float32"]
    again = SpatialTransformerClassifier.from_config(model.get_config())
    assert again.get_layer("hidden_1").dtype_policy.name == "mixed_float16"


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow convolves channels last on the CPU")
@pytest.mark.parametrize("kind", ["st_cnn", "num_heads"])
def test_channels_first_gives_the_same(kind):
    last = unsettled(small(**{**KINDS[kind], "image_shape": (24, 26, 2)}))
    first = small(**{**KINDS[kind], "image_shape": (2, 24, 26), "data_format": "channels_first"})
    first.set_weights(last.get_weights())
    given = images(2, 24, 26, 2)
    turned = np.moveaxis(given, -1, 1)
    np.testing.assert_allclose(predicted(first, turned), predicted(last, given), atol=1e-5)


def translated_patterns(count, seed):
    """One of six patterns of 6×6 pixels, anywhere in an image of 28×28, and which one it is."""
    patterns = np.random.default_rng(99).random((6, 6, 6)) > 0.5
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 6, count)
    given = np.zeros((count, 28, 28, 1), "float32")
    corners = generator.integers(0, 23, (count, 2))
    for image, label, (row, column) in zip(given, labels, corners, strict=True):
        image[row : row + 6, column : column + 6, 0] = patterns[label]
    return given, labels


@pytest.mark.once
@pytest.mark.training
def test_it_learns_translated_patterns_better_than_the_network_without_transformer():
    train, test = translated_patterns(3000, seed=0), translated_patterns(1000, seed=1)
    accuracy = {}
    for transformation in (None, "affine"):
        keras.utils.set_random_seed(0)
        model = SpatialTransformerClassifier((28, 28, 1), 6, "fcn", transformation, units=32)
        model.compile(keras.optimizers.Adam(3e-3), CROSS_ENTROPY, metrics=["accuracy"])
        model.fit(*train, batch_size=50, epochs=12, verbose=0)
        accuracy[transformation] = model.evaluate(*test, batch_size=1000, verbose=0)[1]
    # About 0.64 and 0.79.
    assert accuracy["affine"] > accuracy[None] + 0.05
    theta = model.transformations(test[0][:100], batch_size=100)[1]
    assert theta[:, :, 2].std(axis=0).min() > 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24, 26)}, "`image_shape` must be 3 positive integers"),
        ({"image_shape": (24, 0, 1)}, "`image_shape` must be 3 positive integers"),
        ({"image_shape": (20, 26, 1)}, "must be at least 24 pixels"),
        ({"output_size": (8, 8)}, "must be at least 24 pixels"),
        ({"output_size": 24}, "`output_size` must be 2 positive integers"),
        ({"num_classes": 0}, "`num_classes` must be a positive integer"),
        ({"backbone": "resnet"}, "`backbone` must be one of"),
        ({"transformation": "shear"}, "`transformation` must be one of"),
        ({"transformation": None, "num_heads": 2}, "need a transformation"),
        ({"num_heads": 0}, "`num_heads` must be a positive integer"),
        ({"num_heads": True}, "`num_heads` must be a positive integer"),
        ({"filters": (3, 4, 5)}, "`filters` must be 2 positive integers"),
        ({"units": -1}, "`units` must be a positive integer"),
        ({"units": None, "num_parameters": 500}, "must leave some for the hidden dense layers"),
        ({"shared_localization": True, "backbone": "fcn"}, "`shared_localization` needs"),
        ({"shared_localization": True, "transformation": "flow"}, "`shared_localization` needs"),
        ({"data_format": "NHWC"}, "`data_format` must be"),
        ({"max_shift": -1.0}, "`max_shift` must be positive"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
