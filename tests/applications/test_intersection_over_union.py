import numpy as np
import pytest

from keras_attn.applications import intersection_over_union


@pytest.mark.parametrize(
    ("box", "other", "expected"),
    [
        ([0, 0, 2, 2], [0, 0, 2, 2], 1.0),
        ([0, 0, 2, 2], [1, 1, 3, 3], 1 / 7),
        ([0, 0, 4, 4], [1, 1, 3, 3], 1 / 4),
        ([0, 0, 1, 1], [2, 0, 3, 1], 0.0),
        ([0, 0, 1, 1], [1, 0, 2, 1], 0.0),
        ([1, 1, 1, 1], [1, 1, 1, 1], 0.0),
    ],
)
def test_values(box, other, expected):
    assert intersection_over_union(box, other) == pytest.approx(expected)


def test_it_broadcasts():
    boxes = np.tile([0.0, 0.0, 2.0, 2.0], (3, 4, 1))
    np.testing.assert_allclose(intersection_over_union(boxes, [0, 0, 2, 1]), np.full((3, 4), 0.5))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"`others` must be of shape \(..., 4\)"):
        intersection_over_union(np.zeros((2, 4)), np.zeros((2, 3)))
