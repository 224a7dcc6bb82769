"""Gradients are clipped on their way back, and nothing else changes."""

import numpy as np
import pytest

from keras_attn.ops import clip_gradients
from tests.backend import to_numpy
from tests.ops.functions import pull_back

pytestmark = pytest.mark.training


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_clips_every_number(dtype):
    first, second = np.array([[1.0, -2.0, 3.0]], dtype), np.array([4.0], dtype)

    def function(first, second):
        first, second = clip_gradients([first, second], limit=0.5)
        return 2.0 * first + second

    cotangent = np.array([[0.1, -9.0, np.inf]], dtype)
    found, gradients = pull_back(function, [first, second], cotangent)
    np.testing.assert_array_equal(found, [[6.0, 0.0, 10.0]])
    assert [gradient.dtype for gradient in gradients] == [dtype, dtype]
    np.testing.assert_allclose(gradients[0], [[0.2, -0.5, 0.5]], rtol=1e-3)
    np.testing.assert_allclose(gradients[1], [0.5])


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_limits_are_positive(limit):
    with pytest.raises(ValueError, match="`limit` must be positive"):
        clip_gradients([np.ones(2)], limit)


def test_values_stay(generator):
    array = generator.normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(to_numpy(clip_gradients([array], 1.0)[0]), array)
