"""Helpers of the tests of models."""

import json

import keras
import numpy as np

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def images(count, *shape, seed=0):
    """Random images in [0, 1]."""
    return np.random.default_rng(seed).random((count, *shape), dtype="float32")


def unsettled(model, seed=1):
    """Replaces zeros in the weights by random numbers, so that no transformation is the identity.

    Biases are positive, so that few units are dead.
    """
    generator = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if not np.any(keras.ops.convert_to_numpy(weight)):
            value = generator.normal(0, 0.1, weight.shape)
            weight.assign(np.abs(value) if len(weight.shape) == 1 else value)
    return model


def predicted(model, arrays):
    """Returns the outputs of the model in inference, as a NumPy array."""
    return keras.ops.convert_to_numpy(model(arrays, training=False))


def reloaded(model, folder):
    """Saves and loads the model."""
    path = folder / "model.keras"
    model.save(path)
    return keras.saving.load_model(path)


def check_round_trip(model, arrays, folder):
    """Asserts that a file preserves the class and the outputs of a model, and JSON its config."""
    loaded = reloaded(unsettled(model), folder)
    assert type(loaded) is type(model)
    np.testing.assert_allclose(predicted(loaded, arrays), predicted(model, arrays), atol=1e-6)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    again = keras.saving.deserialize_keras_object(config)
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())
    assert again.count_params() == model.count_params()
    return loaded


def check_channels_first(last, first, arrays):
    """Asserts that a model with channels first computes the same as one with channels last."""
    first.set_weights(unsettled(last).get_weights())
    expected = predicted(last, arrays)
    assert np.ptp(expected, axis=0).max() > 1e-3  # the outputs depend on the images
    np.testing.assert_allclose(predicted(first, np.moveaxis(arrays, -1, 1)), expected, atol=1e-5)


def check_fit(model, *data, frozen=(), **compiling):
    """Asserts that one step changes every weight except for frozen ones."""
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.weights]
    model.compile("adam", **compiling)
    history = model.fit(*data, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for weight, old in zip(model.weights, before, strict=True):
        moved = np.any(keras.ops.convert_to_numpy(weight) != old)
        assert moved != any(name in weight.path for name in frozen), weight.path
