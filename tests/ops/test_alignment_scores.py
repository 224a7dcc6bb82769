"""Scores of alignment layers, by the formulas of the papers."""

import keras
import numpy as np
import pytest

from keras_attn.ops import (
    additive_scores,
    concat_scores,
    content_scores,
    dot_scores,
    general_scores,
    location_scores,
)
from tests.backend import to_numpy
from tests.ops.functions import double_precision, finite_difference, numpy_call, pull_back
from tests.oracles.alignment import cosine

BATCH, QUERIES, VALUES, WIDTH, KEY_WIDTH, UNITS = 2, 3, 4, 5, 6, 7


# Name → op, score of one query and one key as the papers write it, width of a key, and shapes of
# the arguments after these two.
SCORES = {
    "dot": (dot_scores, lambda q, k: q @ k, WIDTH, ()),
    "scaled_dot": (
        lambda query, key: dot_scores(query, key, scale=True),
        lambda q, k: q @ k / np.sqrt(WIDTH),
        WIDTH,
        (),
    ),
    "general": (general_scores, lambda q, k, w: q @ w @ k, KEY_WIDTH, ((WIDTH, KEY_WIDTH),)),
    "additive": (additive_scores, lambda q, k, v: v @ np.tanh(q + k), WIDTH, ((WIDTH,),)),
    "concat": (
        concat_scores,
        lambda q, k, w, v: v @ np.tanh(np.concatenate([q, k]) @ w),
        KEY_WIDTH,
        ((WIDTH + KEY_WIDTH, UNITS), (UNITS,)),
    ),
    "content": (
        lambda query, key: content_scores(query, key, strength=2.5),
        lambda q, k: 2.5 * cosine(q, k),
        WIDTH,
        (),
    ),
}


def draw(generator, name, dtype="float32"):
    _, _, key_width, others = SCORES[name]
    shapes = [(BATCH, QUERIES, WIDTH), (BATCH, VALUES, key_width), *others]
    return [generator.normal(size=shape).astype(dtype) for shape in shapes]


def in_loops(name, arrays):
    """Scores of all pairs by the formula, in float64."""
    query, key, *others = (array.astype("float64") for array in arrays)
    scores = np.zeros((len(query), query.shape[1], key.shape[1]))
    for b, i, j in np.ndindex(*scores.shape):
        scores[b, i, j] = SCORES[name][1](query[b, i], key[b, j], *others)
    return scores


@pytest.mark.parametrize("name", SCORES)
def test_equals_the_formula_in_loops(generator, name):
    arrays = draw(generator, name)
    found = numpy_call(SCORES[name][0], *arrays)
    np.testing.assert_allclose(found, in_loops(name, arrays), atol=1e-5)


@pytest.mark.training
def test_additive_gradients_are_finite_differences_in_double_precision(generator):
    # The others are products, whose gradients are the backends'.
    function, arrays = additive_scores, draw(generator, "additive", "float64")
    cotangent = generator.normal(size=(BATCH, QUERIES, VALUES))
    with double_precision():
        gradients = pull_back(function, arrays, cotangent)[1]
        for place, gradient in enumerate(gradients):
            direction = generator.normal(size=gradient.shape)

            def along(array, place=place):
                changed = [*arrays[:place], array, *arrays[place + 1 :]]
                return np.sum(pull_back(function, changed, cotangent)[0] * cotangent)

            slope = finite_difference(along, arrays[place], direction)
            np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6)


def test_location_scores_are_of_the_query_alone(generator):
    query = generator.normal(size=(BATCH, QUERIES, WIDTH)).astype("float32")
    kernel = generator.normal(size=(WIDTH, VALUES)).astype("float32")
    np.testing.assert_allclose(
        numpy_call(location_scores, query, kernel), query @ kernel, atol=1e-5
    )


@pytest.mark.training
def test_content_of_nothing_has_a_gradient():
    nothing = np.zeros((1, 1, 4), "float32")
    _, gradients = pull_back(
        content_scores, [nothing, np.ones((1, 2, 4), "float32")], np.ones((1, 1, 2), "float32")
    )
    # Neither infinite nor so large that the square of its norm is.
    assert all(np.abs(gradient).max() < 1e6 for gradient in gradients)


@pytest.mark.parametrize("queries", [0, 1])
@pytest.mark.parametrize("values", [0, 1])
@pytest.mark.parametrize("name", ["dot", "additive", "content"])
def test_sequences_of_length_zero_and_one(generator, name, queries, values):
    query, key, *others = draw(generator, name)
    arrays = [query[:, :queries], key[:, :values], *others]
    found = numpy_call(SCORES[name][0], *arrays)
    assert found.shape == (BATCH, queries, values)
    np.testing.assert_allclose(found, in_loops(name, arrays), atol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", SCORES)
def test_half_precision(generator, name, dtype):
    half = [keras.ops.cast(array, dtype) for array in draw(generator, name)]
    scores = SCORES[name][0](*half)
    assert keras.backend.standardize_dtype(scores.dtype) == dtype
    expected = in_loops(name, list(map(to_numpy, half)))
    tolerance = {"float16": 2e-3, "bfloat16": 1.6e-2}[dtype] * np.abs(expected).max()
    np.testing.assert_allclose(to_numpy(scores), expected, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("dot", [(2, 4), (2, 5, 4)], "`query` must be of rank 3"),
        ("dot", [(2, 3, 4), (5, 4)], "`key` must be of rank 3"),
        ("dot", [(2, 3, 4), (3, 5, 4)], "`query` and `key` must have the same batch size"),
        ("dot", [(2, 3, 4), (2, 5, 6)], "`query` and `key` must have the same width"),
        ("content", [(2, 3, 4), (2, 5, 6)], "`query` and `key` must have the same width"),
        ("additive", [(2, 3, 4), (2, 5, 6), (4,)], "`query` and `key` must have the same width"),
        ("additive", [(2, 3, 4), (2, 5, 4), (5,)], "`scale` must have the shape"),
        ("general", [(2, 3, 4), (2, 5, 6), (6, 4)], "`kernel` must have the shape"),
        ("concat", [(2, 3, 4), (2, 5, 6), (9, 7), (7,)], "`kernel` must have the shape"),
        ("concat", [(2, 3, 4), (2, 5, 6), (10, 7), (6,)], "`scale` must have the shape"),
    ],
)
def test_bad_input(name, shapes, message):
    with pytest.raises(ValueError, match=message):
        SCORES[name][0](*[np.zeros(shape, "float32") for shape in shapes])


@pytest.mark.parametrize(
    ("query", "kernel", "message"),
    [((2, 4), (4, 5), "`query` must be of rank 3"), ((2, 3, 4), (5, 4), "`kernel` must have")],
)
def test_bad_input_of_location_scores(query, kernel, message):
    with pytest.raises(ValueError, match=message):
        location_scores(np.zeros(query, "float32"), np.zeros(kernel, "float32"))


def test_symbolic_scores_have_the_dtype_of_the_query():
    query, key = (keras.KerasTensor((None, steps, 4), "float16") for steps in (3, 5))
    scores = additive_scores(query, key, np.ones(4, "float16"))
    assert (scores.shape, scores.dtype) == ((None, 3, 5), "float16")


@pytest.mark.parametrize("shape", [(), (1,), (BATCH, 1, 1), (QUERIES, 1), (BATCH, QUERIES, VALUES)])
def test_the_strength_of_content_may_be_a_tensor(generator, shape):
    query, key = draw(generator, "content")
    strength = generator.uniform(0.5, 3.0, shape).astype("float32")
    found = numpy_call(content_scores, query, key, strength)
    expected = strength * in_loops("content", [query, key]) / 2.5
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_kernels_of_the_other_order_or_rank_are_refused(generator):
    for name, kernel in (("general", (KEY_WIDTH, WIDTH)), ("concat", (WIDTH + KEY_WIDTH,))):
        query, key, _, *others = draw(generator, name)
        with pytest.raises(ValueError, match="`kernel` must have the shape"):
            SCORES[name][0](query, key, np.zeros(kernel, "float32"), *others)
