"""Masks of other types and ranks, and masks and shapes that do not fit."""

import numpy as np
import pytest

from keras_attn import BahdanauAttention, SpatialChannelAttention, VisualAttention
from tests.backend import on_one_backend
from tests.layers.scores import ALIGNMENT, assert_close, attend

LAST = {"data_format": "channels_last"}
QUERY_MASK = np.array([[True, False, True], [True, True, False]])
VALUE_MASK = np.array([[True, False, True, True, False], [True] * 5])


@pytest.fixture
def query(generator):
    return generator.normal(size=(2, 3, 4)).astype("float32")


@pytest.mark.parametrize("name", ALIGNMENT)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_masks_may_be_numbers(name, dtype, query, value):
    layer = ALIGNMENT[name]()
    expected = attend(layer, query, value, mask=[QUERY_MASK, VALUE_MASK])
    assert np.all(expected[1][~QUERY_MASK] == 0.0)
    masks = [QUERY_MASK.astype(dtype), VALUE_MASK.astype(dtype)]
    assert_close(attend(layer, query, value, mask=masks), expected)


def test_a_third_mask_is_ignored(query, value):
    layer = BahdanauAttention(7)
    expected = attend(layer, query, value, value, mask=[QUERY_MASK, VALUE_MASK])
    for third in (None, np.zeros((2, 5), "bool")):
        masks = [QUERY_MASK, VALUE_MASK, third]
        assert_close(attend(layer, query, value, value, mask=masks), expected)


@on_one_backend
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([None], "`mask` must be a list"),
        ([None] * 4, "`mask` must be a list"),
        ("ab", "`mask` must be a list"),
        ([QUERY_MASK[:, :1], None], "`query_mask` must be of shape"),
        ([QUERY_MASK[:1], None], "`query_mask` must be of shape"),
        ([QUERY_MASK[..., None], None], "`query_mask` must be of shape"),
        ([None, VALUE_MASK[:, :1]], "`value_mask` must be of shape"),
        ([None, VALUE_MASK[:1]], "`value_mask` must be of shape"),
        ([None, VALUE_MASK[0]], "`value_mask` must be of shape"),
    ],
)
def test_other_masks_are_refused(mask, message, query, value):
    with pytest.raises(ValueError, match=message):
        BahdanauAttention(7)([query, value], mask=mask)


@on_one_backend
def test_only_queries_of_several_steps_pass_their_mask_on(query, value):
    layer = BahdanauAttention(7)
    masks = [QUERY_MASK, VALUE_MASK]
    assert layer.compute_mask([query, value], masks) is QUERY_MASK
    assert layer.compute_mask([query, value], [None, VALUE_MASK]) is None
    assert layer.compute_mask([query, value]) is None
    assert layer.compute_mask([query[:, 0], value], [QUERY_MASK[:, :1], VALUE_MASK]) is None


@pytest.mark.parametrize("kind", [VisualAttention, SpatialChannelAttention])
def test_a_mask_of_places_masks_a_map(kind, query, feature_map):
    layer, mask = kind(7, **LAST), np.arange(16).reshape(2, 2, 4) % 3 > 0
    expected = attend(layer, query, feature_map, mask=[None, mask])
    found = attend(layer, query, feature_map, mask=[None, mask.reshape(2, 8)])
    assert_close(found, expected)


SHAPES = {"query": (2, 3, 4), "value": (2, 5, 6), "key": (2, 5, 3)}


@on_one_backend
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": (4,)}, "`query` must be of rank 3"),
        ({"query": (2, 1, 3, 4)}, "`query` must be of rank 3"),
        ({"value": (2, 6)}, "`value` and `key` must be of rank 3"),
        ({"value": (2, 1, 5, 6)}, "`value` and `key` must be of rank 3"),
        ({"key": (2, 3)}, "`value` and `key` must be of rank 3"),
        ({"key": (2, 1, 5, 3)}, "`value` and `key` must be of rank 3"),
        ({"query": (2, 3, 0)}, "must be of a positive width"),
        ({"value": (2, 5, 0)}, "must be of a positive width"),
        ({"key": (2, 5, 0)}, "must be of a positive width"),
        ({"query": (3, 3, 4)}, "`query` and `value` must have the same batch size"),
        ({"key": (3, 5, 3)}, "`value` and `key` must have the same batch and length"),
        ({"key": (2, 4, 3)}, "`value` and `key` must have the same batch and length"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(changes, message):
    shapes = {**SHAPES, **changes}
    with pytest.raises(ValueError, match=message):
        BahdanauAttention(7)([np.ones(shape, "float32") for shape in shapes.values()])
    with pytest.raises(ValueError, match=message):
        BahdanauAttention(7).build(list(shapes.values()))


@on_one_backend
@pytest.mark.parametrize("shape", [(2, 0, 4, 6), (2, 2, 0, 6), (2, 2, 4, 0), (2, 8, 0), (2, 6)])
def test_a_map_without_places_or_channels_is_refused(shape, query):
    with pytest.raises(ValueError, match="`annotations` must be of shape"):
        VisualAttention(7, **LAST)([query, np.ones(shape, "float32")])
