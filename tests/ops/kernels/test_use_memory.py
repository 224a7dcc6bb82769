"""A step with the memory by a kernel equals that by the operations of the layer."""

import importlib

import numpy as np
import pytest

from keras_attn import NTMCell
from tests.backend import BACKEND
from tests.conformance.case import randomise
from tests.ops.functions import pull_back

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="compilers make one of the steps elsewhere"),
]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("heads", [(1, 1), (2, 3)])
def test_equals_the_plain_twin(generator, monkeypatch, heads, dtype):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_use_memory").use_memory
    reads, writes = heads
    cell = NTMCell(5, 6, 4, num_read_heads=reads, num_write_heads=writes)
    cell.build((None, 3))
    randomise(cell)
    numbers = 2.0 * generator.normal(size=(2, cell.heads.units))
    memory = generator.normal(size=(2, 6, 4))
    weights = generator.dirichlet(np.ones(6), (2, reads + writes))
    arrays = [each.astype(dtype) for each in (numbers, memory, weights)]
    shapes = (reads, 4), (6, 4), (reads + writes, 6)
    for output, shape in enumerate(shapes):
        cotangent = generator.normal(size=(2, *shape)).astype(dtype)

        def by_kernel(*tensors, output=output):
            return kernel(*tensors, cell.parts, reads)[output]

        def by_layer(*tensors, output=output):
            return cell.use(*tensors)[output]

        found, gradients = pull_back(by_kernel, arrays, cotangent)
        with monkeypatch.context() as patched:
            patched.setattr("keras_attn.ops.kernels.load", lambda name: None)
            expected, others = pull_back(by_layer, arrays, cotangent)
        tolerance = 1e-5 if dtype == "float32" else 3e-2
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)
        for gradient, other in zip(gradients, others, strict=True):
            np.testing.assert_allclose(gradient, other, atol=tolerance, rtol=tolerance)
