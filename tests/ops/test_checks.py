"""Checks of numbers and of shapes: the values that they accept, and those that they refuse."""

import math

import keras
import numpy as np
import pytest

from keras_attn.ops import checks, known
from keras_attn.ops.named_axes import check_query_mask, floating, with_axes
from keras_attn.ops.received import received
from tests.backend import to_numpy

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", [1, 7, np.int64(3)])
def test_a_positive_integer_is_returned_as_an_int(value):
    found = checks.positive_integer("count", value)
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize("value", [0, -1, True, False, 1.0, 2.5, "2", None, np.float32(2), [1]])
def test_others_are_no_positive_integer(value):
    with pytest.raises(ValueError, match=r"`count` must be a positive integer\. Received: count="):
        checks.positive_integer("count", value)


def test_a_size_is_at_least_1():
    for value in (1, np.int32(5)):
        checks.check_size("size", value)
    for value in (0, -3, 2.0, None, "3"):
        with pytest.raises(ValueError, match="`size` must be a positive integer"):
            checks.check_size("size", value)


def test_there_are_two_or_three_spatial_dimensions():
    for value in (2, 3, np.int64(2)):
        checks.check_num_spatial_dims(value)
    for value in (1, 4, 0, 2.0, "2", None):
        with pytest.raises(ValueError, match="`num_spatial_dims` must be 2 or 3"):
            checks.check_num_spatial_dims(value)


def test_a_number_is_real_and_in_its_range():
    for value in (1, 0.5, np.float32(2), np.int64(3)):
        checks.check_number("rate", value, "be positive", lambda number: number > 0)
    for value in (0, -1.0, math.nan, "1", None, 1j, np.ones(1)):
        with pytest.raises(ValueError, match=r"`rate` must be positive\. Received: rate="):
            checks.check_number("rate", value, "be positive", lambda number: number > 0)


def test_only_integers_are_static_sizes():
    assert known.known()
    assert known.known(0, 3, np.int64(2))
    assert not known.known(3, None)
    assert not known.known(2.0)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((), False), ((3,), False), ((3, 3), False), ((3, 4), True), ((3, None), False),
     ((None, 3, 4), True), ((1, 3), True), ((3, np.int64(3)), False)],
)  # fmt: skip
def test_static_sizes_differ(sizes, expected):
    assert known.differ(*sizes) is expected


@pytest.mark.parametrize(
    ("shape", "other", "match", "broadcasts"),
    [
        ((2, 3), (2, 3), True, True),
        ((2, 3), (2, 4), False, False),
        ((2, 1), (2, 4), False, True),
        ((2, 4), (2, 1), False, False),
        ((4,), (2, 4), False, True),
        ((2,), (2, 4), False, False),
        ((1, 4), (4,), False, False),
        ((), (2, 4), False, True),
        ((), (), True, True),
        ((None, 3), (2, 3), True, True),
        ((None, 3), (2, 4), False, False),
        ((2, 3), (None, None), True, True),
    ],
)
def test_shapes_match_or_broadcast(shape, other, match, broadcasts):
    assert known.shapes_match(shape, other) is match
    assert known.broadcasts(shape, other) is broadcasts


def test_sizes_as_integers():
    found = known.as_integers([np.int64(2), 3, None])
    assert found == (2, 3, None)
    assert [type(size) for size in found[:2]] == [int, int]


AXES = {"left": "batch rows", "right": "batch columns rows"}


def test_tensors_agree_in_the_sizes_of_their_axes():
    left, right = np.ones((2, 3), "float32"), np.ones((2, 5, 3), "float32")
    found = with_axes(AXES, left=left, right=right)
    assert [tuple(each.shape) for each in found] == [(2, 3), (2, 5, 3)]
    for wrong in (right[0], right[:1], right[..., :2]):
        message = r"`right` must be of shape \(batch, columns, rows\)\. Received: left\.shape="
        with pytest.raises(ValueError, match=message):
            with_axes(AXES, left=left, right=wrong)
    with pytest.raises(ValueError, match=r"`left` must be of shape \(batch, rows\)\."):
        with_axes(AXES, left=right, right=right)


def test_tensors_are_of_the_dtype_to_which_theirs_promote():
    left, right = np.ones((2, 3), "float16"), np.ones((2, 5, 3), "float64")
    for first in (left, left > 0):
        found = with_axes(AXES, left=first, right=right)
        dtypes = [keras.backend.standardize_dtype(each.dtype) for each in found]
        assert dtypes == ["float64", "float64"]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_floats_keep_their_dtype_and_others_get_that_of_keras(dtype):
    tensor = keras.ops.ones((2,), dtype)
    assert keras.backend.standardize_dtype(floating(tensor).dtype) == dtype
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        for values in ([1, 0], [True, False]):
            found = floating(np.array(values))
            assert keras.backend.standardize_dtype(found.dtype) == dtype
            assert to_numpy(found).tolist() == [1.0, 0.0]
    finally:
        keras.config.set_floatx(before)


def test_a_query_mask_is_of_a_row_for_each_example_and_a_column_for_each_query():
    weights = np.ones((2, 3, 4))
    check_query_mask(np.ones((2, 3)), weights)
    for shape in ((2,), (2, 4), (3, 3), (1, 3), (2, 3, 1)):
        with pytest.raises(ValueError, match="`query_mask` must be of shape"):
            check_query_mask(np.ones(shape), weights)


def test_a_message_tells_the_shapes_that_came():
    found = received(query=np.ones((2, 3)), key=np.ones(()))
    assert found == "Received: query.shape=(2, 3), key.shape=()"
