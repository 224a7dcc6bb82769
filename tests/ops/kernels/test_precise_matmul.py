"""Matrix products in full precision."""

import importlib

import numpy as np
import pytest

from tests.backend import BACKEND
from tests.ops.functions import pull_back

pytestmark = pytest.mark.training


def test_equals_the_product_in_double_precision(generator):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_precise_matmul")
    left, right = (generator.normal(size=size).astype("float32") for size in ((50, 16), (3, 16, 2)))
    cotangent = generator.normal(size=(3, 50, 2)).astype("float32")
    found, (of_left, of_right) = pull_back(kernel.precise_matmul, [left, right], cotangent)
    exact = left.astype("float64") @ right.astype("float64")
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, exact, atol=1e-5)
    np.testing.assert_allclose(of_right, left.T.astype("float64") @ cotangent, atol=1e-5)
    expected = np.einsum("bij,bkj->ik", cotangent, right.astype("float64"))
    np.testing.assert_allclose(of_left, expected, atol=1e-5)
