"""Fast dropout: rate, scale, seeds, dtypes, gradients and saving."""

import keras
import numpy as np
import pytest

from keras_attn.layers.dropout import fast_dropout
from tests.backend import gradients, to_numpy

INPUTS = np.random.default_rng(0).normal(size=(50, 40, 8)).astype("float32") + 3.0


def test_the_rate_is_dropped_and_the_rest_is_scaled():
    dropped = to_numpy(fast_dropout(0.25, seed=0)(INPUTS, training=True))
    kept = dropped != 0.0
    # Of 16,000 with a deviation of 0.0034.
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(dropped[kept], INPUTS[kept] / 0.75, rtol=1e-6)


def test_inputs_are_unchanged_at_inference_and_at_rate_zero():
    np.testing.assert_array_equal(to_numpy(fast_dropout(0.5)(INPUTS)), INPUTS)
    np.testing.assert_array_equal(to_numpy(fast_dropout(0.0)(INPUTS, training=True)), INPUTS)


def test_calls_draw_new_masks_that_follow_the_seed():
    layer, same = fast_dropout(0.5, seed=3), fast_dropout(0.5, seed=3)
    first, second = (to_numpy(layer(INPUTS, training=True)) for _ in range(2))
    assert ((first == 0) != (second == 0)).any()
    np.testing.assert_array_equal(to_numpy(same(INPUTS, training=True)), first)


def test_a_noise_shape_drops_whole_vectors():
    layer = fast_dropout(0.5, noise_shape=(None, 1, None), seed=0)
    dropped = to_numpy(layer(INPUTS, training=True)) == 0.0
    assert (dropped.all(axis=1) | ~dropped.any(axis=1)).all()
    assert dropped.mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.training
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_outputs_have_the_compute_dtype(policy):
    layer = fast_dropout(0.5, seed=0, dtype=policy)
    for training in (True, False):
        dtype = keras.backend.standardize_dtype(layer(INPUTS, training=training).dtype)
        assert dtype == keras.DTypePolicy(policy).compute_dtype


@pytest.mark.training
def test_dropped_numbers_have_no_gradient():
    (gradient,), _ = gradients(lambda x: fast_dropout(0.5, seed=1)(x, training=True), [INPUTS])
    dropped = to_numpy(fast_dropout(0.5, seed=1)(INPUTS, training=True)) == 0.0
    assert (gradient[dropped] == 0.0).all()
    assert (gradient[~dropped] != 0.0).all()


def test_it_is_saved_as_the_dropout_of_keras():
    config = keras.saving.serialize_keras_object(
        fast_dropout(0.3, noise_shape=(None, 1, 8), seed=2)
    )
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is keras.layers.Dropout
    assert (again.rate, again.noise_shape, again.seed) == (0.3, (None, 1, 8), 2)
