"""Functions compiled by `torch.compile` are kept for their options."""

import pytest

from tests.backend import BACKEND

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="a kernel for PyTorch")


def double(x):
    return 2 * x


def test_a_function_is_compiled_once_for_its_options(monkeypatch):
    import torch

    from keras_attn.ops.kernels import torch_compiled

    used = []

    def fake_compile(function, **options):
        used.append(options)
        return lambda x: function(x)

    monkeypatch.setattr(torch, "compile", fake_compile)
    monkeypatch.setattr(torch_compiled, "_kept", {})
    first, second = {"backend": "eager"}, {"backend": "aot_eager"}
    compiled = [torch_compiled.compiled(double, options) for options in (first, first, second)]
    assert compiled[0] is compiled[1]
    assert compiled[2] is not compiled[1]
    assert [function(3) for function in compiled] == [6, 6, 6]
    assert used == [first, second]
