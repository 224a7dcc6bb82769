"""Additive scores by kernels with gradients of their own, beside the plain path."""

import functools
import importlib

import keras
import numpy as np
import pytest

from keras_attn.ops import additive_scores
from keras_attn.ops.alignment_scores import plain_additive_scores
from tests.backend import BACKEND, gradients
from tests.ops.functions import pull_back

pytestmark = pytest.mark.training

# (batch, queries, values, units), the numbers of a tile on PyTorch (all at once, groups of two
# examples, and one by one), and the rows of a slice on the others: whole, and with some missing.
CASES = [
    ((4, 3, 5, 6), 2**20, 16),
    ((4, 3, 7, 6), 2 * 7 * 6 + 1, 4),
    ((5, 3, 7, 6), 2 * 7 * 6 + 1, 2),
    ((3, 2, 7, 5), 1, 6),
    ((2, 4, 8, 12), 100, 4),
    ((2, 0, 3, 4), 100, 16),
    ((2, 3, 0, 4), 100, 16),
    ((0, 2, 3, 4), 100, 16),
    ((2, 1, 1, 1), 100, 16),
    ((5, 1, 7, 6), 2 * 7 * 6 + 1, 16),
    ((2, 1, 0, 4), 100, 16),
]


@pytest.mark.parametrize(("sizes", "tile", "rows"), CASES)
def test_equals_the_plain_path(generator, monkeypatch, sizes, tile, rows):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_additive_scores")
    if BACKEND == "torch":
        monkeypatch.setattr(kernel, "TILE", dict.fromkeys(kernel.TILE, tile))
    else:
        monkeypatch.setattr(kernel, "ROWS", rows)
    batch, queries, values, units = sizes
    shapes = [(batch, queries, units), (batch, values, units), (units,)]
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes]
    cotangent = generator.normal(size=(batch, queries, values)).astype("float32")
    scores, found = pull_back(additive_scores, arrays, cotangent)
    plain, expected = pull_back(plain_additive_scores, arrays, cotangent)
    np.testing.assert_allclose(scores, plain, atol=1e-5)
    for ours, gradient in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, gradient, atol=1e-5)


@pytest.mark.parametrize("queries", [1, 4])
@pytest.mark.parametrize("largest", [(), (0.5, 44.0, 0.5), (1e4, 3e38)])
def test_small_large_and_saturated_hidden_layers(largest, queries):
    """With quotients, up to where two of them can share one, and without.

    A small number stands beside each large one, with which it would share a quotient.
    """
    hidden = np.array([0.0, 1e-30, 1e-6, 1e-3, 0.5, 9.0, 20.0, 22.0, 22.0, *largest], "float32")
    hidden = np.concatenate([hidden, -hidden])
    query, key = np.zeros((1, queries, 1), "float32"), hidden[None, :, None]
    cotangent = np.ones((1, queries, len(hidden)), "float32")
    scale = np.ones(1, "float32")
    scores, (of_query, of_key, of_scale) = pull_back(
        additive_scores, [query, key, scale], cotangent
    )
    exact = np.tanh(hidden.astype("float64"))
    np.testing.assert_allclose(scores[0], np.tile(exact, (queries, 1)), atol=3e-7)
    np.testing.assert_allclose(of_key[0, :, 0] / queries, 1.0 - exact**2, atol=1e-6)
    np.testing.assert_allclose(of_query[0, :, 0], np.sum(1.0 - exact**2), rtol=1e-5)
    np.testing.assert_allclose(of_scale, queries * np.sum(exact), atol=1e-5)


@pytest.mark.parametrize("sizes", [(1.0, 5.0, 8.0), (1.0, 19.0, 39.0, 41.0, 60.0, 1e4)])
def test_large_queries_and_keys_that_cancel(generator, sizes):
    """Uses values of either sign whose exponentials overflow float32."""
    sizes = np.array(sizes, "float32")
    key = np.concatenate([sizes, -sizes])[None, :, None]
    query = -key + generator.normal(size=key.shape).astype("float32")
    cotangent = generator.normal(size=(1, key.size, key.size)).astype("float32")
    arrays = [query, key, np.ones(1, "float32")]
    scores, found = pull_back(additive_scores, arrays, cotangent)
    exact = np.tanh(query.astype("float64") + key[:, None, :, 0])
    np.testing.assert_allclose(scores, exact, atol=3e-7)
    slope = cotangent * (1.0 - exact**2)
    expected = slope.sum(axis=2)[..., None], slope.sum(axis=1)[..., None], np.sum(cotangent * exact)
    for ours, gradient in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, np.reshape(gradient, ours.shape), atol=1e-5)


def test_queries_one_after_the_other_share_their_keys(generator):
    """As those of a decoder, each of which depends on the scores before it."""

    def of_steps(score, query, key, scale):
        key, found = key * 2.0, []
        for step in range(3):
            scores = score(query[:, step : step + 1], key, scale)
            query = query + keras.ops.mean(scores)
            found.append(scores)
        return keras.ops.concatenate(found, axis=1)

    shapes = [(2, 3, 4), (2, 5, 4), (4,)]
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes]
    cotangent = generator.normal(size=(2, 3, 5)).astype("float32")
    scores, found = pull_back(functools.partial(of_steps, additive_scores), arrays, cotangent)
    plain, expected = pull_back(
        functools.partial(of_steps, plain_additive_scores), arrays, cotangent
    )
    np.testing.assert_allclose(scores, plain, atol=1e-5)
    for ours, gradient in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, gradient, atol=1e-5)


def test_variables_are_differentiated(generator):
    shapes = {"query": (2, 3, 4), "key": (2, 5, 4), "scale": (4,)}
    arrays = [generator.normal(size=shape).astype("float32") for shape in shapes.values()]
    variables = [keras.Variable(array) for array in arrays]
    _, found = gradients(lambda: additive_scores(*variables), [], variables)
    expected, _ = gradients(additive_scores, arrays)
    for ours, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-4)
