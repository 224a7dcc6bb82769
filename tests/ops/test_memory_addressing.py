"""Addressing of a Neural Turing Machine."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.ops import (
    address_memory,
    content_addressing,
    interpolate_weights,
    sharpen_weights,
    shift_weights,
)
from tests.backend import gradients, to_numpy

BATCH, HEADS, LOCATIONS, WIDTH = 2, 3, 7, 4


@pytest.fixture
def weights(generator):
    return generator.dirichlet(np.ones(LOCATIONS), size=(BATCH, HEADS)).astype("float32")


@pytest.fixture
def memory(generator):
    return generator.normal(size=(BATCH, LOCATIONS, WIDTH)).astype("float32")


def test_content_is_the_loop(generator, memory):
    key = generator.normal(size=(BATCH, HEADS, WIDTH)).astype("float32")
    strength = generator.uniform(0.0, 5.0, (BATCH, HEADS)).astype("float32")
    expected = np.zeros((BATCH, HEADS, LOCATIONS))
    for b, h in np.ndindex(BATCH, HEADS):
        k = key[b, h].astype("float64")
        cosines = [k @ row / np.sqrt((k @ k) * (row @ row)) for row in memory[b].astype("float64")]
        mass = np.exp(strength[b, h] * np.array(cosines))
        expected[b, h] = mass / mass.sum()
    found = to_numpy(content_addressing(key, memory, strength))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_large_strength_finds_the_row(memory):
    key = memory[:, 2:5] * 0.1
    found = to_numpy(content_addressing(key, memory, np.full((BATCH, HEADS), 1e4, "float32")))
    np.testing.assert_allclose(found, np.broadcast_to(np.eye(7)[2:5], found.shape), atol=1e-5)


def test_interpolation_is_the_loop(generator, weights):
    other = np.flip(weights, axis=-1).copy()
    gate = generator.uniform(size=(BATCH, HEADS)).astype("float32")
    found = to_numpy(interpolate_weights(weights, other, gate))
    for b, h, i in np.ndindex(*weights.shape):
        expected = gate[b, h] * weights[b, h, i] + (1 - gate[b, h]) * other[b, h, i]
        np.testing.assert_allclose(found[b, h, i], expected, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 3, 5, 9])
def test_a_shift_is_a_circular_convolution(generator, weights, steps):
    shift = generator.dirichlet(np.ones(steps), size=(BATCH, HEADS)).astype("float32")
    expected = np.zeros(weights.shape)
    for b, h, start in np.ndindex(*weights.shape):
        for step in range(steps):
            place = (start + step - steps // 2) % LOCATIONS
            expected[b, h, place] += weights[b, h, start] * shift[b, h, step]
    found = to_numpy(shift_weights(weights, shift))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("step", "places"), [(0, [1, 6]), (1, [2, 0]), (2, [3, 1])])
def test_the_last_step_of_a_shift_moves_up_and_around(step, places):
    weights = np.eye(LOCATIONS, dtype="float32")[[2, 0]][None]
    shift = np.tile(np.eye(3, dtype="float32")[step], (1, 2, 1))
    found = to_numpy(shift_weights(weights, shift))[0]
    assert np.argmax(found, axis=-1).tolist() == places


def test_sharpening_is_the_power(generator, weights):
    sharpening = generator.uniform(1.0, 8.0, (BATCH, HEADS)).astype("float32")
    powers = weights.astype("float64") ** sharpening[..., None]
    expected = powers / powers.sum(axis=-1, keepdims=True)
    found = to_numpy(sharpen_weights(weights, sharpening))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("sharpening", [1.0, 22.0, 100.0])
@pytest.mark.parametrize("kind", ["even", "one", "none", "tiny"])
def test_extreme_weights_are_sharpened_to_weights(dtype, sharpening, kind):
    weights = {
        "even": np.full((1, 1, 128), 1 / 128),
        "one": np.eye(128)[None, :1],
        "none": np.zeros((1, 1, 128)),
        "tiny": np.geomspace(1e-30, 1.0, 128)[None, None],
    }[kind].astype("float32")

    def sharp(weights):
        half = ops.cast(weights, dtype), ops.full((1, 1), sharpening, dtype)
        return ops.cast(sharpen_weights(*half), "float32")

    found = to_numpy(sharp(ops.convert_to_tensor(weights)))
    assert np.all(found >= 0.0)
    np.testing.assert_allclose(found.sum(), 1.0, atol=1e-2)
    if kind in ("even", "none"):
        np.testing.assert_allclose(found, 1 / 128, rtol=1e-2)
    slope, _ = gradients(lambda weights: ops.square(sharp(weights)), [weights])
    assert np.all(np.isfinite(slope[0]))


@pytest.mark.training
def test_an_empty_memory_and_an_empty_key_have_finite_gradients():
    arrays = [np.zeros((1, 2, 4)), np.zeros((1, 5, 4)), np.full((1, 2), 1e4)]
    arrays = [array.astype("float32") for array in arrays]
    found = to_numpy(content_addressing(*arrays))
    np.testing.assert_allclose(found, 0.2, rtol=1e-5)
    for slope in gradients(lambda *tensors: content_addressing(*tensors)[..., 0], arrays)[0]:
        assert np.all(np.isfinite(slope))


def test_other_shapes_are_refused(weights, memory):
    number, key = weights[..., 0], memory[:, :3]
    for function, arguments, name in (
        (content_addressing, (key, memory, weights), "strength"),
        (content_addressing, (key[..., :2], memory, number), "key"),
        (interpolate_weights, (number, weights, number), "content"),
        (interpolate_weights, (weights, number, number), "previous"),
        (interpolate_weights, (weights, weights, weights), "gate"),
        (shift_weights, (number, weights), "weights"),
        (shift_weights, (weights, number), "shift"),
        (shift_weights, (weights, weights[..., :2]), "shift"),
        (sharpen_weights, (number, number), "weights"),
        (sharpen_weights, (weights, weights), "sharpening"),
    ):
        with pytest.raises(ValueError, match=f"`{name}`"):
            function(*arguments)


def test_dtypes_are_kept(weights, memory):
    half = ops.convert_to_tensor(weights.astype("float16"))
    number = half[..., 0]
    key = ops.convert_to_tensor(memory[:, :3].astype("float16"))
    memory = ops.convert_to_tensor(memory.astype("float16"))
    for found in (
        content_addressing(key, memory, number),
        interpolate_weights(half, half, number),
        shift_weights(half, half[..., :3]),
        sharpen_weights(half, number),
    ):
        assert keras.backend.standardize_dtype(found.dtype) == "float16"


def test_integers_are_accepted():
    memory, one = np.array([[[1, 0], [0, 1]]]), np.array([[1]])
    content = to_numpy(content_addressing(np.array([[[0, 3]]]), memory, 100 * one))
    np.testing.assert_allclose(content, [[[0.0, 1.0]]], atol=1e-5)
    given = {"key": memory[:, :1], "strength": one, "gate": 0 * one, "shift": np.array([[[1]]])}
    found = address_memory(**given, sharpening=one, memory=memory, previous=np.array([[[0, 1]]]))
    np.testing.assert_allclose(to_numpy(found), [[[0.0, 1.0]]], atol=1e-5)


def test_an_address_may_be_symbolic():
    shapes = (1, 4), (1,), (1,), (1, 3), (1,), (5, 4), (1, 5)
    assert address_memory(*map(keras.Input, shapes)).shape == (None, 1, 5)
