"""Intersection over union of boxes."""

import numpy as np
import pytest

from keras_attn.applications import intersection_over_union


@pytest.mark.parametrize(
    ("box", "other", "expected"),
    [
        ([0, 0, 2, 2], [0, 0, 2, 2], 1.0),
        ([0, 0, 2, 2], [1, 1, 3, 3], 1 / 7),
        ([0, 0, 4, 4], [1, 1, 3, 3], 1 / 4),
        ([0, 0, 6, 2], [4, 1, 7, 3], 2 / 16),
        ([0, 0, 1, 1], [2, 0, 3, 1], 0.0),
        ([0, 0, 1, 1], [1, 0, 2, 1], 0.0),
        ([1, 1, 1, 1], [1, 1, 1, 1], 0.0),
    ],
)
def test_values(box, other, expected):
    assert intersection_over_union(box, other) == pytest.approx(expected)


def test_boxes_are_broadcast():
    boxes = np.array([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 4.0, 2.0], [0.0, 0.0, 2.0, 6.0]])
    others = [[0, 0, 2, 1], [0, 0, 1, 1]]
    expected = [[1 / 2, 1 / 4], [1 / 4, 1 / 8], [1 / 6, 1 / 12]]
    np.testing.assert_allclose(intersection_over_union(boxes[:, None], others), expected)
    np.testing.assert_allclose(intersection_over_union(boxes, others[0]), [1 / 2, 1 / 4, 1 / 6])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"`others` must be of shape \(..., 4\)"):
        intersection_over_union(np.zeros((2, 4)), np.zeros((2, 3)))
