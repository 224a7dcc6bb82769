"""Gradients are clipped, values are not."""

import keras
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


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan])
def test_a_limit_that_is_not_positive_is_refused(limit):
    with pytest.raises(ValueError, match="`limit` must be positive"):
        clip_gradients([np.ones(2)], limit)


def test_a_tensor_that_is_not_used_or_has_no_gradient():
    used, unused = np.array([1.0, -2.0], "float32"), np.array([4.0], "float32")
    fixed = keras.ops.convert_to_tensor([3.0, 5.0])

    def function(used, unused):
        first, second, _ = clip_gradients([used, fixed, unused], limit=4)
        return first * second + 0.0 * unused[0]

    found, gradients = pull_back(function, [used, unused], np.ones(2, "float32"))
    np.testing.assert_allclose(found, [3.0, -10.0])
    np.testing.assert_allclose(gradients[0], [3.0, 4.0])
    np.testing.assert_allclose(gradients[1], [0.0])


def test_tensors_of_any_ranks_and_none_at_all():
    tensors = [np.ones((), "float32"), np.ones((2, 1, 3), "float32"), [1.0, 2.0]]
    shapes = [tuple(each.shape) for each in clip_gradients(tensors, 1.0)]
    assert shapes == [(), (2, 1, 3), (2,)]
    assert list(clip_gradients([], 1.0)) == []


def test_symbolic_tensors_are_returned():
    tensors = [keras.KerasTensor((None, 3)), keras.ops.ones((2,))]
    found = clip_gradients(tensors, 1.0)
    assert keras.utils.is_keras_tensor(found[0])
    assert [tuple(each.shape) for each in found] == [(None, 3), (2,)]
