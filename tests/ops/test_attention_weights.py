"""Softmax of scores under masks, of infinite scores and in half precision."""

import keras
import numpy as np
import pytest

from keras_attn.ops import attention_weights
from tests.backend import BACKEND, to_numpy
from tests.ops.functions import double_precision, numpy_call, pull_back

MASK = np.array([[True, True, False, True], [False, False, False, False]])


def test_equals_the_softmax_of_unmasked_scores(generator):
    scores = generator.normal(size=(3, 2, 4)).astype("float32")
    expected = np.exp(scores) * MASK
    total = expected.sum(-1, keepdims=True)
    expected = np.divide(expected, total, out=np.zeros_like(expected), where=total > 0)
    weights = numpy_call(lambda scores: attention_weights(scores, MASK), scores)
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    assert (weights[:, ~MASK] == 0.0).all()


@pytest.mark.parametrize("hidden", [np.nan, np.inf, -np.inf, 3e38])
def test_masked_scores_have_no_influence(hidden):
    scores = np.array([[1.0, 1.0, hidden, 1.0], [hidden] * 4], "float32")
    weights = numpy_call(lambda scores: attention_weights(scores, MASK), scores)
    np.testing.assert_allclose(weights, [[1 / 3, 1 / 3, 0, 1 / 3], [0, 0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("size", [-3e38, -1e4, 1e4, 3e38])
def test_scores_of_any_size(size):
    weights = numpy_call(attention_weights, np.array([[size, size]], "float32"))
    np.testing.assert_allclose(weights, [[0.5, 0.5]])


@pytest.mark.training
@pytest.mark.parametrize(("size", "expected"), [(-1e300, [1.0, 0.0]), (1e300, [0.0, 1.0])])
def test_double_precision_has_a_wider_range_of_scores(size, expected):
    with double_precision():
        weights = numpy_call(attention_weights, np.array([[size, 2 * size]]))
    np.testing.assert_allclose(weights, [expected])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([np.inf, 1.0, np.inf], [0.5, 0.0, 0.5]),
        ([-np.inf, 1.0, 1.0], [0.0, 0.5, 0.5]),
        ([-np.inf, np.inf, 3e38], [0.0, 1.0, 0.0]),
        ([-np.inf] * 3, [0.0] * 3),
    ],
)
def test_infinite_scores(scores, expected):
    weights = numpy_call(attention_weights, np.array([scores], "float32"))
    np.testing.assert_allclose(weights, [expected], atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize("scores", [[np.inf, 1.0, np.inf], [-np.inf, 1.0, 1.0], [-np.inf] * 3])
def test_gradients_of_infinite_scores_are_finite(scores):
    scores, cotangent = np.array([scores], "float32"), np.array([[1.0, 2.0, 3.0]], "float32")
    _, (gradient,) = pull_back(attention_weights, [scores], cotangent)
    assert np.isfinite(gradient).all()


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_sums_in_single(dtype):
    # In float16 the sum of 5000 ones saturates at 2048.
    scores = keras.ops.zeros((2, 5000), dtype)
    mask = np.arange(5000) < np.array([[4000], [0]])
    weights = attention_weights(scores, mask)
    assert keras.backend.standardize_dtype(weights.dtype) == dtype
    expected = np.where(mask, 1 / 4000, 0.0) * np.array([[1.0], [0.0]])
    np.testing.assert_allclose(to_numpy(weights), expected, rtol=0.01)


@pytest.mark.skipif(BACKEND == "openvino", reason="aborts on tensors of size 0")
def test_an_empty_memory():
    assert numpy_call(attention_weights, np.zeros((2, 3, 0), "float32")).shape == (2, 3, 0)


@pytest.mark.training
def test_gradients_are_finite_and_zero_where_masked(generator):
    scores = generator.normal(size=(2, 4)).astype("float32")
    scores[1] = 3e38
    cotangent = generator.normal(size=(2, 4)).astype("float32")
    _, (gradient,) = pull_back(lambda s: attention_weights(s, MASK), [scores], cotangent)
    assert np.isfinite(gradient).all()
    assert (gradient[~MASK] == 0.0).all()
    assert (gradient[0, MASK[0]] != 0.0).all()


@pytest.mark.parametrize("scores", [np.array([[0, 3, 1]]), np.array([[False, True, True]])])
def test_weights_of_integers_are_floats(scores):
    weights = numpy_call(attention_weights, scores)
    mass = np.exp(scores.astype("float64"))
    assert weights.dtype == "float32"
    np.testing.assert_allclose(weights, mass / mass.sum(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (2, 1), (3, 1, 1), (1, 2, 4)])
def test_masks_broadcast(generator, shape):
    scores, mask = generator.normal(size=(3, 2, 4)), generator.uniform(size=shape) < 0.6
    mass = np.exp(scores) * mask
    expected = mass / np.maximum(mass.sum(axis=-1, keepdims=True), 1e-30)
    for each in (mask, mask.astype("int32")):
        weights = numpy_call(lambda s, m=each: attention_weights(s, m), scores.astype("float32"))
        np.testing.assert_allclose(weights, expected, atol=1e-6)
