"""Writing by a kernel with a custom gradient equals the plain path."""

import importlib

import numpy as np
import pytest

from keras_attn.ops.external_memory import plain_write_memory
from tests.backend import BACKEND
from tests.ops.functions import pull_back

pytestmark = pytest.mark.training

BATCH, LOCATIONS, WIDTH = 2, 5, 4


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_equals_the_plain_twin(generator, heads, dtype):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_write_memory")
    weights = generator.dirichlet(np.ones(LOCATIONS), size=(BATCH, heads))
    weights[0, :, 0], weights[0, :, 1:] = 1.0, 0.0  # all at one place, of which nothing is left
    erase, add = generator.uniform(size=(2, BATCH, heads, WIDTH))
    erase[0, -1] = 1.0
    memory, cotangent = generator.normal(size=(2, BATCH, LOCATIONS, WIDTH))
    *arrays, cotangent = (each.astype(dtype) for each in (memory, weights, erase, add, cotangent))
    found, gradients = pull_back(kernel.write_memory, arrays, cotangent)
    expected, others = pull_back(plain_write_memory, arrays, cotangent)
    tolerance = 1e-6 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert found.dtype == dtype
    for gradient, other in zip(gradients, others, strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, other, atol=tolerance)
