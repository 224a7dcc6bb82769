"""Products by oneDNN on PyTorch are PyTorch's own."""

import numpy as np
import pytest

from tests.backend import BACKEND, to_numpy

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="a kernel of PyTorch")

SIZES = {"small": (3, 4, 5), "few rows": (4, 600, 700), "large": (64, 300, 400), "empty": (0, 4, 5)}


@pytest.fixture(params=[True, False], ids=["oneDNN", "as this processor has it"])
def product(request, monkeypatch):
    import torch

    from keras_attn.ops.kernels import torch_product

    if request.param:
        if not torch.backends.mkldnn.is_available():
            pytest.skip("this PyTorch has no oneDNN")
        monkeypatch.setattr(torch_product, "_mkl_is_slow", lambda: True)
    return torch_product.product


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bias", [None, "vector", "matrix"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_equals_pytorchs(product, size, bias, dtype, generator):
    import torch

    rows, inputs, outputs = SIZES[size]
    shapes = {None: None, "vector": (outputs,), "matrix": (rows, outputs)}
    left, right, added = (
        None
        if shape is None
        else torch.tensor(generator.normal(size=shape)).to(getattr(torch, dtype))
        for shape in ((rows, inputs), (inputs, outputs), shapes[bias])
    )
    # Of any strides: as they are, and transposed.
    for one, other in ((left, right), (left.T.contiguous().T, right.T.contiguous().T)):
        found = product(one, other, added)
        expected = left.double() @ right.double() + (0.0 if added is None else added.double())
        assert found.dtype == left.dtype
        expected = to_numpy(expected)
        tolerance = {"float32": 1e-5, "float64": 1e-13, "bfloat16": 1e-2}[dtype]
        tolerance *= np.max(np.abs(expected), initial=1.0)
        np.testing.assert_allclose(to_numpy(found.double()), expected, atol=tolerance)


def test_onednn_is_taken_where_it_is_faster_alone(product, monkeypatch, generator):
    import torch

    from keras_attn.ops.kernels import torch_product

    taken = []
    if torch_product._mkl_is_slow():
        own = torch_product._ONEDNN
        monkeypatch.setattr(torch_product, "_ONEDNN", lambda *a: taken.append(a) or own(*a))
    large, small = torch.ones(64, 300), torch.ones(3, 300)
    with torch.backends.mkldnn.flags(enabled=False):
        product(large, torch.ones(300, 400))
    product(small, torch.ones(300, 400))
    assert not taken
    product(large, torch.ones(300, 400))
    assert len(taken) == torch_product._mkl_is_slow()


def test_onednn_is_not_used_for_slices_of_a_matrix(product, monkeypatch):
    import torch

    from keras_attn.ops.kernels import torch_product

    if not torch_product._mkl_is_slow():
        pytest.skip("oneDNN is not used on this processor")
    own, taken = torch_product._ONEDNN, []
    monkeypatch.setattr(torch_product, "_ONEDNN", lambda *a: taken.append(a) or own(*a))
    left, wide, high = torch.ones(64, 300), torch.ones(300, 800), torch.ones(600, 400)
    for part in (wide[:, :400], wide[:, 400:], wide[:, ::2], high[::2], high.T[:, :300].T[:, :300]):
        product(left, part)
    for part in (wide[:, :400].T, wide[:, 400:].T):
        product(torch.ones(64, 400), part)
    assert not taken
    for whole in (
        high[:300],
        high[300:],
        wide.T[400:].T.contiguous(),
        wide.T[:400].T.T.contiguous().T,
    ):
        product(left, whole)
    assert len(taken) == 4
