"""Weights whose gradient comes after the loop, in every kind of use."""

import numpy as np
import pytest

from tests.backend import BACKEND, to_numpy

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="kernels of PyTorch alone"),
]

# Functions of a matrix `(4, 4)` and of inputs `(3, 4)`.
USES = {
    "a product of rows": lambda weight, x: x @ weight,
    "a product of a vector": lambda weight, x: x[0] @ weight,
    "a product of a stack": lambda weight, x: x.reshape(3, 1, 2, 2).repeat(1, 2, 1, 2) @ weight,
    "products one after the other": lambda weight, x: (
        ((x @ weight).tanh() @ weight).tanh() @ weight
    ),
    "a product from the left": lambda weight, x: weight @ x.T,
    "a product with itself": lambda weight, x: weight @ weight + x.sum(),
    "its transpose": lambda weight, x: x @ weight.T,
    "a part of its columns": lambda weight, x: x @ weight[:, 1:3],
    "a part of its rows, twice": lambda weight, x: x[:, :2] @ weight[1:3] + x[:, 2:] @ weight[1:3],
    "parts that overlap": lambda weight, x: (x @ weight[:, :2]).sum() * (x @ weight[:, 1:]).sum(),
    "every other row": lambda weight, x: x[:, :2] @ weight[::2],
    "a row": lambda weight, x: x * weight[0] + x @ weight,
    "a column": lambda weight, x: x @ weight[:, 1],
    "rows by their places": lambda weight, x: x @ weight[[0, 2, 2]].T,
    "no product": lambda weight, x: x * weight[:3].exp(),
    "a sum with a product": lambda weight, x: (x @ weight).sum() + weight.square().sum(),
    "a matrix above another": lambda weight, x: x.repeat(1, 2) @ above(weight, 2.0 * x.T @ x),
}


def above(weight, other):
    import torch

    return weight.above(other) if hasattr(weight, "above") else torch.cat([weight, other])


def tensors(generator):
    import torch

    shapes = (4, 4), (3, 4)
    return [
        torch.tensor(generator.normal(size=shape).astype("float32"), requires_grad=True)
        for shape in shapes
    ]


@pytest.mark.parametrize("name", USES)
def test_values_and_gradients_are_those_of_the_matrix(generator, name):
    import torch

    from keras_attn.ops.kernels.torch_variables_read_once import late

    use, leaves = USES[name], tensors(generator)
    found, expected = use(late(leaves[0]), leaves[1]), use(*leaves)
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-5, atol=1e-5)
    for wanted in (leaves, leaves[:1], leaves[1:], leaves):
        ours, theirs = (
            torch.autograd.grad(value.square().sum(), wanted, retain_graph=True)
            for value in (found, expected)
        )
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-4, atol=1e-4)


def test_products_within_a_checkpoint(generator):
    import torch

    from keras_attn.ops.kernels.torch_variables_read_once import late

    if not hasattr(torch._C._autograd, "_top_saved_tensors_default_hooks"):
        pytest.skip("this PyTorch cannot detect checkpoints")
    weight, x = tensors(generator)

    def function(weight, x):
        return (x @ weight).tanh() @ weight[:, :2]

    shared = late(weight)
    inside = torch.utils.checkpoint.checkpoint(function, shared, x, use_reentrant=False)
    expected = torch.autograd.grad(2.0 * function(weight, x).sum(), [weight, x])
    (inside + function(shared, x)).sum().backward()
    for leaf, wanted in zip((weight, x), expected, strict=True):
        np.testing.assert_allclose(to_numpy(leaf.grad), to_numpy(wanted), rtol=1e-4, atol=1e-4)


def test_variables_are_read_where_their_gradient_is_wanted(generator):
    import keras
    import torch

    from keras_attn.ops.kernels.torch_variables_read_once import variables_read_once

    matrix = keras.Variable(generator.normal(size=(4, 3)))
    vector = keras.Variable(generator.normal(size=4))
    frozen = keras.Variable(generator.normal(size=(4, 3)), trainable=False)
    variables = [matrix, vector, frozen]
    for dtype in ("float32", "float16"):
        ((variable, value),) = variables_read_once(variables, dtype)
        assert variable is matrix
        assert keras.backend.standardize_dtype(value.dtype) == dtype
        np.testing.assert_allclose(to_numpy(value), to_numpy(matrix), rtol=1e-3)
    with torch.no_grad():
        assert variables_read_once(variables, "float32") == []
    with torch.autocast("cpu", torch.bfloat16):
        assert variables_read_once(variables, "float32") == []


@pytest.mark.parametrize("name", USES)
def test_uses_without_gradients_keep_nothing_for_those_that_have_them(generator, name):
    import torch

    from keras_attn.ops.kernels.torch_variables_read_once import late

    use, leaves = USES[name], tensors(generator)
    kept = late(leaves[0])
    with torch.no_grad():
        use(kept, leaves[1])
    found, expected = (
        torch.autograd.grad(use(weight, leaves[1]).square().sum(), leaves)
        for weight in (kept, leaves[0])
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_parts_within_a_checkpoint_and_outside_of_it(use_reentrant):
    import torch
    from torch.utils.checkpoint import checkpoint

    from keras_attn.ops.kernels.torch_variables_read_once import late

    weight = torch.ones(4, 4, requires_grad=True)
    x, kept = torch.ones(3, 4, requires_grad=True), late(weight)

    def part(weight, x):
        return x @ weight[:, :2]

    (checkpoint(part, kept, x, use_reentrant=use_reentrant) + part(kept, x)).sum().backward()
    np.testing.assert_allclose(to_numpy(weight.grad), np.tile([6.0, 6.0, 0.0, 0.0], (4, 1)))
