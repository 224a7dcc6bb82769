"""Classifiers with a spatial transformer: sizes, batches, data formats and refusals."""

import keras
import numpy as np
import pytest

from keras_attn.applications import SpatialTransformerClassifier
from tests.applications.models import (
    CROSS_ENTROPY,
    check_channels_first,
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
    "flow": {"backbone": "fcn", "transformation": "flow"},
}


# `tests/conformance` saves a CNN with a transformer, and splines with several heads.
@pytest.mark.parametrize("kind", ["fcn", "st_fcn", "shared", "num_heads", "flow"])
def test_round_trip(kind, tmp_path):
    check_round_trip(small(**KINDS[kind]), images(2, 24, 26, 1), tmp_path)


@pytest.mark.parametrize("kind", ["st_fcn", "num_heads", "flow"])
def test_transformations_do_not_depend_on_the_batch_size(kind):
    model, given = unsettled(small(**KINDS[kind])), images(3, 24, 26, 1)
    together = model.transformations(given)
    for one, other in zip(model.transformations(given, batch_size=2), together, strict=True):
        assert isinstance(one, np.ndarray)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    # The images differ, and so do their transformations.
    assert np.ptp(together[1], axis=0).max() > 1e-3


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
    # One more hidden unit, which has 3,211 weights with two heads, would exceed the limit.
    assert 396_700 < model.count_params() <= 400_000


def test_the_initial_transformation_is_the_identity():
    plain, warping = small(transformation=None), small()
    for name in ("features", "hidden_1", "logits"):
        warping.get_layer(name).set_weights(plain.get_layer(name).get_weights())
    given = images(2, 24, 26, 1)
    np.testing.assert_allclose(predicted(warping, given), predicted(plain, given), atol=1e-5)


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
    last = small(**{**KINDS[kind], "image_shape": (24, 26, 2)})
    first = small(**{**KINDS[kind], "image_shape": (2, 24, 26), "data_format": "channels_first"})
    check_channels_first(last, first, images(2, 24, 26, 2))


def translated_patterns(count, seed):
    """Returns images of 28×28 with one of six patterns of 6×6 pixels anywhere, and its number."""
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
def test_a_transformer_improves_the_accuracy_on_translated_patterns():
    train, test = translated_patterns(3000, seed=0), translated_patterns(1000, seed=1)
    accuracy = {}
    for transformation in (None, "affine"):
        keras.utils.set_random_seed(0)
        model = SpatialTransformerClassifier((28, 28, 1), 6, "fcn", transformation, units=32)
        model.compile(keras.optimizers.Adam(3e-3), CROSS_ENTROPY, metrics=["accuracy"])
        model.fit(*train, batch_size=50, epochs=12, verbose=0)
        accuracy[transformation] = model.evaluate(*test, batch_size=1000, verbose=0)[1]
    # Accuracies of about 0.64 and 0.79.
    assert accuracy["affine"] > accuracy[None] + 0.05
    theta = model.transformations(test[0][:100], batch_size=100)[1]
    assert theta[:, :, 2].std(axis=0).min() > 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24, 26)}, "`image_shape` must be 3 positive integers"),
        ({"image_shape": (20, 26, 1)}, "must be at least 24 pixels"),
        ({"output_size": (8, 8)}, "must be at least 24 pixels"),
        ({"output_size": 24}, "`output_size` must be 2 positive integers"),
        ({"transformation": None, "num_heads": 2}, "need a transformation"),
        ({"num_heads": 0}, "`num_heads` must be a positive integer"),
        ({"num_heads": True}, "`num_heads` must be a positive integer"),
        ({"filters": (3, 4, 5)}, "`filters` must be 2 positive integers"),
        ({"units": -1}, "`units` must be a positive integer"),
        ({"units": None, "num_parameters": 500}, "must leave some for the hidden dense layers"),
        ({"shared_localization": True, "backbone": "fcn"}, "`shared_localization` needs"),
        ({"shared_localization": True, "transformation": "flow"}, "`shared_localization` needs"),
        ({"max_shift": -1.0}, "`max_shift` must be positive"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
