"""Allocation of free memory locations."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.ops import (
    allocation_weights,
    least_used_weights,
    retention_vector,
    usage_vector,
)
from tests.backend import gradients, to_numpy

BATCH, HEADS, LOCATIONS = 2, 3, 7


@pytest.fixture
def usage(generator):
    return generator.uniform(size=(BATCH, LOCATIONS)).astype("float32")


@pytest.fixture
def weights(generator):
    return generator.dirichlet(np.ones(LOCATIONS), size=(BATCH, HEADS)).astype("float32")


def allocated(usage):
    """The weights of one example by a walk along its sorted free list."""
    free, left = np.argsort(usage, kind="stable"), 1.0
    found = np.zeros(len(usage))
    for place in free:
        found[place] = (1.0 - usage[place]) * left
        left *= usage[place]
    return found


def test_usage_is_the_loop(generator, usage, weights):
    gate = generator.uniform(size=(BATCH, HEADS)).astype("float32")
    kept = to_numpy(retention_vector(gate, weights))
    found = to_numpy(usage_vector(usage, weights[:, 0], kept))
    for b, i in np.ndindex(BATCH, LOCATIONS):
        expected = np.prod([1.0 - gate[b, h] * weights[b, h, i] for h in range(HEADS)])
        np.testing.assert_allclose(kept[b, i], expected, rtol=1e-5)
        u, w = usage[b, i], weights[b, 0, i]
        np.testing.assert_allclose(found[b, i], (u + w - u * w) * expected, rtol=1e-5)


@pytest.mark.parametrize(("dtype", "rounding"), [("float16", 2**-11), ("bfloat16", 2**-8)])
def test_allocation_in_half_precision_is_rounded_once(generator, dtype, rounding):
    usage = ops.convert_to_tensor(generator.uniform(0.9, 1.0, (4, 64)), dtype)
    exact = to_numpy(ops.cast(usage, "float32")).astype("float64")
    found = to_numpy(ops.cast(allocation_weights(usage), "float32"))
    expected = [allocated(row) for row in exact]
    np.testing.assert_allclose(found, expected, rtol=1.01 * rounding, atol=6e-8)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_usage_stays_in_its_range(generator, dtype):
    usage = ops.convert_to_tensor(generator.uniform(size=(4, 64)) ** 0.01, dtype)
    for sharpness in (0.1, 10.0, 100.0):
        mass = np.exp(sharpness * generator.normal(size=(4, 3, 64)))
        read = ops.convert_to_tensor(mass / mass.sum(axis=-1, keepdims=True), dtype)
        gate = ops.convert_to_tensor(generator.integers(0, 2, (4, 3)), dtype)
        usage = usage_vector(usage, read[:, 0], retention_vector(gate, read))
        found = to_numpy(ops.cast(usage, "float32"))
        assert np.all(found >= 0.0)
        assert np.all(found <= 1.0)


def test_allocation_is_the_walk_along_the_free_list(usage):
    expected = [allocated(each) for each in usage.astype("float64")]
    found = to_numpy(allocation_weights(usage))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # The product of all usages is not allocated.
    left = np.prod(usage.astype("float64"), axis=-1)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0 - left, atol=1e-6)


@pytest.mark.parametrize("locations", [3, 40])
def test_of_equally_used_locations_the_first_comes_first(locations):
    for used in (0.0, 0.5):
        usage = np.full((1, locations), used, "float32")
        usage[0, 1] = 1.0
        expected = allocated(usage[0].astype("float64"))
        np.testing.assert_allclose(to_numpy(allocation_weights(usage))[0], expected, atol=1e-6)
        if used == 0.0:  # exact zeros, as the next step would not see the ties otherwise
            np.testing.assert_array_equal(to_numpy(allocation_weights(usage))[0], expected)
        order = np.argmax(to_numpy(least_used_weights(usage, locations))[0], axis=-1)
        assert order.tolist() == [0, *range(2, locations), 1]


def test_one_location_is_the_least_used_by_default(usage):
    expected = np.eye(LOCATIONS)[np.argmin(usage, axis=-1)][:, None]
    np.testing.assert_array_equal(to_numpy(least_used_weights(usage)), expected)


def test_a_memory_of_one_location():
    usage = np.array([[0.25], [1.0]], "float32")
    np.testing.assert_allclose(to_numpy(allocation_weights(usage)), [[0.75], [0.0]])
    np.testing.assert_array_equal(to_numpy(least_used_weights(usage)), [[[1.0]], [[1.0]]])


def test_the_least_used_are_in_ascending_order(usage):
    found = to_numpy(least_used_weights(usage, 4))
    for b in range(BATCH):
        np.testing.assert_array_equal(found[b], np.eye(LOCATIONS)[np.argsort(usage[b])[:4]])


@pytest.mark.training
def test_the_gradient_is_that_of_the_products():
    usage = np.array([[0.5, 0.0, 0.9, 0.25]], "float32")
    weights = np.array([1.0, -2.0, 0.5, 3.0])

    def loss(usage):
        return np.sum((1.0 + weights * allocated(usage)) ** 2)

    expected = np.zeros(4)
    for i in range(4):
        # Forward differences: a usage of 0 has no lower neighbor.
        more = usage[0].astype("float64")
        more[i] += 1e-6
        expected[i] = (loss(more) - loss(usage[0].astype("float64"))) / 1e-6

    def outputs(usage):
        # The sum of squares has a gradient with respect to weights of zero, too.
        return 1.0 + allocation_weights(usage) * ops.convert_to_tensor(weights, "float32")

    slope = gradients(outputs, [usage])[0][0]
    np.testing.assert_allclose(slope[0], expected, atol=1e-3, rtol=1e-3)


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("used", ["none", "all", "one", "one free", "nearly", "below"])
def test_extreme_usages_stay_finite(dtype, used):
    usage = {
        "none": np.zeros((1, 128)),
        "all": np.ones((1, 128)),
        "one": np.eye(128)[:1],
        "one free": 1.0 - np.eye(128)[:1],
        "nearly": np.geomspace(1e-30, 1.0, 128)[None],
        "below": np.full((1, 128), -1e-7),
    }[used].astype("float32")

    def allocate(usage):
        return ops.cast(allocation_weights(ops.cast(usage, dtype)), "float32")

    found = to_numpy(allocate(ops.convert_to_tensor(usage)))
    assert np.all(found >= 0.0)
    np.testing.assert_allclose(found.sum(), 0.0 if used == "all" else 1.0, atol=1e-2)
    assert np.all(np.isfinite(gradients(allocate, [usage])[0][0]))


@pytest.mark.training
def test_the_least_used_have_no_gradient(usage):
    slope = gradients(lambda usage: least_used_weights(usage, 2) + 0.0 * usage[:, None], [usage])
    np.testing.assert_array_equal(slope[0][0], np.zeros_like(usage))


def test_other_shapes_and_counts_are_refused(usage, weights):
    gate = weights[..., 0]
    for function, arguments, name in (
        (retention_vector, (weights, weights), "free_gate"),
        (retention_vector, (gate[:, :2], weights), "read_weights"),
        (usage_vector, (weights, usage, usage), "usage"),
        (usage_vector, (usage, usage[:, :3], usage), "write_weights"),
        (usage_vector, (usage, usage, usage[:1]), "retention"),
        (allocation_weights, (weights,), "usage"),
        (least_used_weights, (weights, 1), "usage"),
        (least_used_weights, (usage, 0), "count"),
        (least_used_weights, (usage, True), "count"),
        (least_used_weights, (usage, LOCATIONS + 1), "count"),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be .*Received"):
            function(*arguments)


def test_dtypes_are_kept(usage, weights):
    half, heads = (ops.convert_to_tensor(each, "float16") for each in (usage, weights))
    for found in (
        retention_vector(heads[..., 0], heads),
        usage_vector(half, half, half),
        allocation_weights(half),
        least_used_weights(half),
    ):
        assert keras.backend.standardize_dtype(found.dtype) == "float16"


@pytest.mark.parametrize("function", [allocation_weights, least_used_weights])
def test_a_functional_model_allocates_equally_used_locations_in_their_order(function):
    usage = np.array([[0.5, 0.25, 0.25, 1.0], [0.0, 0.0, 0.0, 0.0]], "float32")
    tensor = keras.Input((4,))
    model = keras.Model(tensor, function(tensor))
    np.testing.assert_array_equal(to_numpy(model(usage)), to_numpy(function(usage)))
