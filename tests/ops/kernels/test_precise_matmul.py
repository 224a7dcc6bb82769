import importlib

import keras
import numpy as np
import pytest

from tests.backend import BACKEND
from tests.ops.functions import numpy_call, pull_back

pytestmark = pytest.mark.training


def test_equals_the_product_in_double_precision(generator):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_precise_matmul")
    left, right = (generator.normal(size=size).astype("float32") for size in ((50, 16), (3, 16, 2)))
    cotangent = generator.normal(size=(3, 50, 2)).astype("float32")
    found, (_, gradient) = pull_back(kernel.precise_matmul, [left, right], cotangent)
    exact = left.astype("float64") @ right.astype("float64")
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, exact, atol=1e-5)
    np.testing.assert_allclose(found, numpy_call(keras.ops.matmul, left, right), atol=1e-5)
    np.testing.assert_allclose(gradient, left.T.astype("float64") @ cotangent, atol=1e-5)
