"""Bounds that keep numbers finite: values at and beyond them, in every precision.

Each value is that of a float64 computation which has the documented bound, and no other.
"""

import math

import keras
import numpy as np
import pytest

from keras_attn.ops import (
    address_memory,
    attention_weights,
    bernoulli_log_probability,
    content_addressing,
    content_scores,
    gaussian_filters,
    gaussian_kl_divergence,
    gaussian_log_probability,
    gaussian_window,
    invert_transformations,
    monotonic_weights,
    projective_grid,
    semantic_sparsity_loss,
    sharpen_weights,
)
from tests.backend import TRAINS, to_numpy
from tests.ops.functions import double_precision, pull_back
from tests.oracles.memory import softmax

DIRECTIONS = np.array([[1.0, 2.0, -2.0], [2.0, -1.0, 0.5], [0.3, 0.3, 1.0]])


def lengths(*sizes):
    """Returns vectors of these sizes, `(1, sizes, 3)`."""
    return np.array(sizes)[None, :, None] * np.resize(DIRECTIONS, (1, len(sizes), 3))


def cosines(query, key, added=0.0):
    """Cosines of vectors to whose squared lengths a number is added; 0 of vectors of length 0."""
    found = np.zeros((*query.shape[:2], key.shape[1]))
    for b, i, j in np.ndindex(*found.shape):
        # In logarithms, as squares leave the range of float64.
        parts = query[b, i], key[b, j]
        sizes = [np.max(np.abs(part)) for part in parts]
        if added:
            of_lengths = [math.sqrt(part @ part + added) for part in parts]
            found[b, i, j] = parts[0] @ parts[1] / math.prod(of_lengths)
        elif min(sizes) > 1e-35:  # a shorter vector counts as one of length 0
            parts = [part / size for part, size in zip(parts, sizes, strict=True)]
            found[b, i, j] = parts[0] @ parts[1] / math.prod(math.sqrt(p @ p) for p in parts)
    return found


def by_content(key, memory, strength):
    return softmax(strength[..., None] * cosines(key, memory, 1e-8))


def sharpened(weights, sharpening):
    """Weights below 1e-37 count as this much."""
    return softmax(sharpening[..., None] * np.log(np.maximum(weights, 1e-37)))


def stay(sharpening, memory, previous):
    """Heads that stay where they were."""
    one, zero = keras.ops.ones_like(sharpening), keras.ops.zeros_like(sharpening)
    key = keras.ops.ones_like(memory[:, :1])
    return address_memory(key, one, zero, one[..., None], sharpening, memory, previous)


def window(parameters):
    found = gaussian_window(parameters, (7, 9), 3)
    return [found.center_x, found.center_y, found.stride, found.variance, found.intensity]


def papers_window(parameters):
    """Logarithms lie in [-10, 10]."""
    x, y, *logarithms = parameters.T
    variance, stride, intensity = np.exp(np.clip(logarithms, -10.0, 10.0))
    return [5.0 * (x + 1.0) - 1.0, 4.0 * (y + 1.0) - 1.0, 4.0 * stride, variance, intensity]


def filters(center, variance, padding_mode):
    """Filters of 3 pixels apart over 6 pixels."""
    mean = center[:, None] + 3.0 * np.array([-1.0, 0.0, 1.0])
    scores = -0.5 * (np.arange(6) - mean[..., None]) ** 2 / variance[:, None, None]
    if padding_mode == "border":
        return softmax(scores)
    inside = np.exp(scores).sum(axis=-1, keepdims=True)
    whole = np.minimum(1.0, np.sqrt(2.0 * np.pi * variance))[:, None, None]
    return np.exp(scores) / np.maximum(np.maximum(inside, whole), 1e-8)


def package_filters(padding_mode):
    def function(center, variance):
        return gaussian_filters(
            center, 3.0 * keras.ops.ones_like(center), variance, 3, 6, padding_mode
        )

    return function


def parallel(log_stop, log_pass, previous):
    """The paper's cumulative sums, whose products count as 1e-10 below it."""
    product = np.exp(np.cumsum(log_pass, axis=-1) - log_pass)
    arrived = product * np.cumsum(previous / np.maximum(product, 1e-10), axis=-1)
    return np.exp(log_stop) * arrived


def divergence(mean, log_stddev):
    variance = np.exp(2.0 * log_stddev)
    return 0.5 * np.sum(mean**2 + variance - 2.0 * log_stddev - 1.0, axis=-1)


def log_density(value, mean, log_stddev):
    square = ((value - mean) / np.exp(log_stddev)) ** 2
    return np.sum(-0.5 * square - log_stddev - 0.5 * math.log(2.0 * math.pi), axis=-1)


def sparsity(weights):
    """In the roots, weights up to 1e-8 count as 0."""
    each = np.sum(np.sqrt(np.where(weights > 1e-8, weights, 0.0)), axis=-1) ** 2
    return np.sqrt(np.sum(weights.sum(axis=1) ** 2, axis=-1)) + each.sum(axis=-1)


def inverse(theta):
    """With the largest entry scaled to 1, determinants are at least 1e-8 away from zero."""
    found = np.zeros(theta.shape)
    for n, ((a, b, x), (c, d, y)) in enumerate(theta):
        scale = max(map(abs, (a, b, c, d)))
        determinant = (a * d - b * c) / scale**2
        determinant = math.copysign(max(abs(determinant), 1e-8), determinant)
        linear = np.array([[d, -b], [-c, a]]) / scale**2 / determinant
        found[n] = np.c_[linear, -linear @ [x, y]]
    return found


TINY = [4e-37, 2e-37, 1.1e-37, 0.9e-37, 5e-38, 0.0]
HALF_TINY = [0.5, 0.25, 0.2, 0.05, 0.0, 0.0]
POWERS = np.array([[1.0, 1.5, 21.0]])
ONE_ROW = np.ones((1, 1, 3))
# By name: a function of tensors, one of float64 arrays, and arrays; in half precision others, as it
# lacks their numbers.
BOUNDS = {
    "content-scores": (
        content_scores,
        cosines,
        [lengths(0.0, 1e-42, 1e-36, 2e-35, 1e-30, 1.0, 1e30), ONE_ROW],
        [lengths(0.0, 1e-3, 1.0, 1e3), ONE_ROW],
    ),
    "content-addressing": (
        content_addressing,
        by_content,
        [lengths(0.0, 1e-6, 1e-4, 1e-3, 1e3), lengths(0.0, 1e-6, 1e-4, 1e3), np.full((1, 5), 4.0)],
        [lengths(0.0, 1e-3, 1e2), lengths(0.0, 1e-3, 1.0, 1e2), np.full((1, 3), 4.0)],
    ),
    "sharpen-weights": (
        sharpen_weights,
        sharpened,
        [np.tile(TINY, (1, 3, 1)), POWERS],
        [np.tile(HALF_TINY, (1, 3, 1)), POWERS],
    ),
    "address-memory": (
        stay,
        lambda sharpening, memory, previous: sharpened(previous, sharpening),
        [POWERS[:, :1], np.ones((1, 6, 3)), np.array([[TINY]])],
        [POWERS[:, :1], np.ones((1, 6, 3)), np.array([[HALF_TINY]])],
    ),
    "gaussian-window": (
        window,
        papers_window,
        [np.array([[0.3, -9.0, a, b, c] for a, b, c in
                   ([9.5, -9.5, 10.0], [10.5, 9.5, -10.5], [-10.5, 10.5, 9.5], [1e4, -1e4, 1e4])])],
        None,
    ),
    **{
        f"gaussian-filters-{mode}": (
            package_filters(mode),
            lambda center, variance, mode=mode: filters(center, variance, mode),
            # From the image to where a filter is nothing, sharp and smooth.
            [np.repeat([2.3, -3.0, -8.5, -9.5, 14.0, 200.0], 2), np.tile([1.0, 0.04], 6)],
            None,
        )
        for mode in ("border", "zeros")
    },
    "monotonic-parallel": (
        lambda *tensors: monotonic_weights(*tensors, mode="parallel"),
        parallel,
        # Products of 1 - p of 1 / 2^33 and 1 / 2^34, at which positions the query before stopped.
        [np.full((2, 40), math.log(0.5)), np.full((2, 40), math.log(0.5)), np.eye(40)[[33, 34]]],
        None,
    ),
    "inverse": (
        invert_transformations,
        inverse,
        [np.array([[[0.0, a, 0.5 * a], [b, 0.0, -a]] for a, b in
                   [(1.0, 1e-7), (1.0, -3e-8), (1.0, 3e-9), (-1.0, 3e-9), (1e-14, 1e-14),
                    (1e9, 1e9)]])],
        [np.array([[[0.0, 1.0, 0.5], [-0.25, 0.0, 2.0]]])],
    ),
    "kl-divergence": (
        gaussian_kl_divergence,
        divergence,
        [np.array([[3.0], [0.0], [-100.0]]), np.array([[10.0], [-10.0], [5.0]])],
        None,
    ),
    "log-density": (
        gaussian_log_probability,
        log_density,
        [np.array([[0.5], [1.0], [3.0]]), np.array([[0.25], [1.0], [-2.0]]),
         np.array([[-10.0], [-10.0], [10.0]])],
        None,
    ),
    "log-of-bits": (
        bernoulli_log_probability,
        lambda bits, logits: np.sum(bits * logits - np.logaddexp(0.0, logits), axis=-1),
        [np.array([[1.0, 0.0, 1.0, 0.0]] * 2),
         np.array([[90.0, 90.0, -90.0, -90.0], [1e4, -1e4, -1e4, 1e4]])],
        None,
    ),
    "semantic-sparsity": (
        semantic_sparsity_loss,
        sparsity,
        [np.array([[[0.0] * 4, [5e-9] * 4, [2e-8] * 4, [1e-6] * 4, [0.25] * 4]])],
        None,
    ),
    "attention-weights": (
        attention_weights,
        softmax,
        [np.array([[-1e4, -1e4, -1e4], [1e4, 1e4, 9999.0], [-100.0, 0.0, 1.0]])],
        None,
    ),
}  # fmt: skip
PRECISIONS = {
    # Tolerance of a number, and of a number near 0.
    "float32": (2e-4, 1e-6),
    "float64": (1e-9, 1e-12),
    "float16": (4e-3, 1e-3),
    "bfloat16": (3e-2, 1e-2),
}


def given(name, dtype):
    """The arrays of an entry of `BOUNDS` as a precision holds them, in float64."""
    *_, arrays, half = BOUNDS[name]
    if "16" in dtype and half is not None:
        arrays = half
    tensors = [keras.ops.cast(keras.ops.convert_to_tensor(each), dtype) for each in arrays]
    return tensors, [to_numpy(tensor).astype("float64") for tensor in tensors]


@pytest.mark.parametrize("dtype", PRECISIONS if TRAINS else ["float32"])
@pytest.mark.parametrize("name", BOUNDS)
def test_values_are_those_of_float64_and_gradients_are_finite(name, dtype):
    function, expected, *_ = BOUNDS[name]
    rtol, atol = PRECISIONS[dtype]
    with double_precision():
        tensors, arrays = given(name, dtype)
        outputs = keras.tree.flatten(function(*tensors))
        wanted = expected(*arrays)
        wanted = wanted if isinstance(wanted, list) else [wanted]
        for output, each in zip(outputs, wanted, strict=True):
            found = to_numpy(output).astype("float64")
            np.testing.assert_allclose(found, each, rtol=rtol, atol=atol)
        # Half precision lacks the gradients of numbers for which it has to take others.
        if not TRAINS or ("16" in dtype and BOUNDS[name][-1] is None):
            return

        wide = "float64" if dtype == "float64" else "float32"

        def flat(*tensors):
            outputs = keras.tree.flatten(function(*tensors))
            return keras.ops.concatenate(
                [keras.ops.reshape(keras.ops.cast(each, wide), (-1,)) for each in outputs]
            )

        if dtype != "bfloat16":  # NumPy has no such arrays
            arrays = [each.astype(dtype) for each in arrays]
            cotangent = np.ones(sum(np.size(each) for each in wanted), wide)
            assert all(np.all(np.isfinite(each)) for each in pull_back(flat, arrays, cotangent)[1])


def test_points_behind_the_camera_begin_at_a_millionth_of_the_largest_number():
    """`w = x + c` at the leftmost pixel, whose `x` is -0.5."""
    for w, in_front in ((2.0**-18, True), (2.0**-22, False), (0.0, False), (-0.125, False)):
        theta = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.5 + w]]])
        grid = to_numpy(projective_grid(theta, (2, 2)))[0, 0, 0]
        expected = np.array([-0.5, -0.5]) / w if in_front else np.full(2, 1e6)
        np.testing.assert_allclose(grid, expected, rtol=1e-6)
