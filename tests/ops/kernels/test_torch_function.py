"""Supported and refused uses of PyTorch kernels with custom gradients."""

import numpy as np
import pytest

from keras_attn.ops import additive_scores, address_memory, kernels, write_memory
from keras_attn.ops.alignment_scores import plain_additive_scores
from keras_attn.ops.external_memory import plain_write_memory
from keras_attn.ops.memory_addressing import plain_address_memory
from tests.backend import BACKEND, to_numpy

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="kernels of PyTorch alone"),
]

SHAPES = {
    "additive_scores": [(2, 3, 4), (2, 5, 4), (4,)],
    "write_memory": [(2, 5, 4), (2, 1, 5), (2, 1, 4), (2, 1, 4)],
    "address_memory": [(2, 1, 4), (2, 1), (2, 1), (2, 1, 3), (2, 1), (2, 5, 4), (2, 1, 5)],
}
FUNCTIONS = {
    "additive_scores": (additive_scores, plain_additive_scores),
    "write_memory": (write_memory, plain_write_memory),
    "address_memory": (address_memory, plain_address_memory),
}
EACH = pytest.mark.parametrize("name", list(FUNCTIONS))


def test_the_search_for_a_kernel_does_not_break_a_graph():
    import torch

    kernels.load("write_memory")
    found = torch.compile(
        lambda x: x * (kernels.load("write_memory") is not None), backend="eager", fullgraph=True
    )
    assert to_numpy(found(torch.ones(2))).tolist() == [1.0, 1.0]


@pytest.fixture
def tensors(generator):
    import torch

    def made(name, dtypes=("float32",)):
        return [
            # No leaves: keys that are leaves keep nothing.
            torch.tensor(generator.uniform(0.1, 0.9, shape), requires_grad=True).to(
                getattr(torch, dtypes[n % len(dtypes)])
            )
            for n, shape in enumerate(SHAPES[name])
        ]

    return made


@EACH
def test_second_derivatives_are_refused(tensors, name):
    """Also of a linear loss, whose gradient is a constant."""
    import torch

    given = tensors(name)
    loss = FUNCTIONS[name][0](*given).sum() + sum(each.pow(3).sum() for each in given)
    gradients = torch.autograd.grad(loss, given, create_graph=True)
    for gradient in gradients:
        with pytest.raises(NotImplementedError, match="second derivative"):
            torch.autograd.grad(gradient.square().sum(), given, retain_graph=True)


def test_the_keys_have_no_second_derivative_when_nothing_else_leads_to_them(tensors):
    import torch

    query, key, scale = (each.detach() for each in tensors("additive_scores"))
    source = key.requires_grad_()
    query.requires_grad_()
    loss = additive_scores(query, source * 2.0, scale).sum() + source.pow(3).sum()
    for gradient in torch.autograd.grad(loss, [source, query], create_graph=True):
        with pytest.raises(NotImplementedError, match="second derivative"):
            torch.autograd.grad(gradient.square().sum(), [source], retain_graph=True)


@EACH
def test_autocast_leaves_the_dtypes_of_the_arguments(tensors, name):
    import torch

    given = tensors(name)
    kernel, plain = FUNCTIONS[name]
    expected = torch.autograd.grad(plain(*given).square().sum(), given)
    with torch.autocast("cpu", torch.bfloat16):
        loss = kernel(*given).square().sum()
    for gradient, other in zip(torch.autograd.grad(loss, given), expected, strict=True):
        np.testing.assert_allclose(to_numpy(gradient), to_numpy(other), atol=1e-5)


@EACH
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float16", "float32")])
def test_dtypes_may_be_mixed(tensors, name, dtypes):
    import torch

    given = tensors(name, dtypes)
    kernel, plain = FUNCTIONS[name]
    found, expected = kernel(*given), plain(*[each.double() for each in given])
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=2e-3)
    gradients = torch.autograd.grad(found.double().sum(), given)
    assert [each.dtype for each in gradients] == [each.dtype for each in given]


def test_a_backward_pass_inside_of_another(tensors):
    import torch

    query, key, scale = tensors("additive_scores")
    source = key.detach().requires_grad_()

    def scores(inside):
        key = source * 2.0
        first, second = (additive_scores(query * n, key, scale).sum() for n in (1.0, 2.0))
        other = additive_scores(query * 3.0, key, scale).sum()
        if inside:
            second.register_hook(
                lambda _: torch.autograd.grad(other, [source], retain_graph=True) and None
            )
        return first + second

    expected, found = (torch.autograd.grad(scores(inside), [source])[0] for inside in (False, True))
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=1e-6)


def test_a_shift_may_be_wider_than_the_memory(tensors, generator):
    import torch

    key, strength, gate, _, sharpening, memory, previous = tensors("address_memory")
    shift = torch.tensor(generator.dirichlet(np.ones(13), (2, 1)).astype("float32"))
    given = key, strength, gate, shift, sharpening, memory, previous
    np.testing.assert_allclose(
        to_numpy(address_memory(*given)), to_numpy(plain_address_memory(*given)), atol=1e-6
    )
