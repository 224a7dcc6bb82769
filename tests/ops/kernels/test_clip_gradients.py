"""Gradients are clipped, values are not."""

import numpy as np
import pytest

from keras_attn.ops import clip_gradients
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


def test_a_limit_of_zero_is_refused():
    with pytest.raises(ValueError, match="`limit` must be positive"):
        clip_gradients([np.ones(2)], 0.0)
