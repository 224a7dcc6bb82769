"""Filters and their gradient, written out, equal the plain ones."""

import importlib

import numpy as np
import pytest

from keras_attn.ops.gaussian_window import plain_gaussian_filters
from tests.backend import BACKEND
from tests.ops.functions import pull_back

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="compilers make one of the steps elsewhere"),
]


def given(generator, variance=2.0):
    return [
        generator.uniform(-3.0, 12.0, 6),
        generator.uniform(0.1, 4.0, 6),
        generator.uniform(0.1, 1.0, 6) * variance,
    ]


def kernel(*arguments):
    module = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_gaussian_filters")
    return module.gaussian_filters(*arguments)


@pytest.mark.parametrize("patch_size", [1, 2, 5])
@pytest.mark.parametrize("variance", [1e-4, 2.0, 1e4])
def test_equals_the_plain_twin(generator, patch_size, variance):
    arrays = [each.astype("float32") for each in given(generator, variance)]
    cotangent = generator.normal(size=(6, patch_size, 9)).astype("float32")
    found, gradients = pull_back(lambda *a: kernel(*a, patch_size, 9), arrays, cotangent)
    expected, others = pull_back(
        lambda *a: plain_gaussian_filters(*a, patch_size, 9), arrays, cotangent
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for gradient, other in zip(gradients, others, strict=True):
        # Of a filter on one pixel they are what rounding leaves of large numbers.
        scale = max(1.0, np.abs(other).max())
        np.testing.assert_allclose(gradient / scale, other / scale, atol=1e-4)


def test_the_gradient_is_that_of_differences(generator):
    import torch

    arrays = [torch.tensor(each, requires_grad=True) for each in given(generator)]
    assert torch.autograd.gradcheck(lambda *a: kernel(*a, 3, 9), arrays)


def test_it_has_no_second_derivative(generator):
    import torch

    arrays = [torch.tensor(each, requires_grad=True) for each in given(generator)]
    (first,) = torch.autograd.grad(
        kernel(*arrays, 3, 9)[:, :, 0].sum(), arrays[:1], create_graph=True
    )
    with pytest.raises(NotImplementedError, match="second derivative"):
        first.sum().backward()
