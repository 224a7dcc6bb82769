"""Ops on PyTorch within `torch.func`, `torch.inference_mode` and checkpoints."""

import numpy as np
import pytest

from keras_attn.ops import (
    additive_scores,
    address_memory,
    clip_gradients,
    grid_sample,
    write_memory,
)
from keras_attn.ops.alignment_scores import plain_additive_scores
from keras_attn.ops.external_memory import plain_write_memory
from keras_attn.ops.glimpse import look, paint, plain_look, plain_paint
from keras_attn.ops.memory_addressing import plain_address_memory
from tests.backend import BACKEND, to_numpy

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="kernels of PyTorch alone"),
]

# By name: the op, its plain twin, and the shapes of its arguments.
OPS = {
    "additive_scores": (additive_scores, plain_additive_scores, [(2, 3, 4), (2, 5, 4), (4,)]),
    "write_memory": (
        write_memory,
        plain_write_memory,
        [(2, 5, 4), (2, 1, 5), (2, 1, 4), (2, 1, 4)],
    ),
    "address_memory": (
        address_memory,
        plain_address_memory,
        [(2, 1, 4), (2, 1), (2, 1), (2, 1, 3), (2, 1), (2, 5, 4), (2, 1, 5)],
    ),
    "look": (
        lambda image, numbers: look([image], numbers, 3)[0],
        lambda image, numbers: plain_look([image], numbers, 3)[0],
        [(2, 6, 7, 1), (2, 5)],
    ),
    "paint": (
        lambda numbers: paint(numbers, (6, 7, 1), 3)[0],
        lambda numbers: plain_paint(numbers, (6, 7, 1), 3)[0],
        [(2, 14)],
    ),
    "colors": (
        lambda image, numbers: look([image], numbers, 3)[0],
        lambda image, numbers: plain_look([image], numbers, 3)[0],
        [(2, 6, 7, 3), (2, 5)],
    ),
}
EACH = pytest.mark.parametrize("name", OPS)


def arguments(generator, name, leading=()):
    import torch

    shapes = OPS[name][2]
    arrays = [generator.uniform(0.1, 0.9, (*leading, *shape)) for shape in shapes]
    return [torch.tensor(array.astype("float32")) for array in arrays]


@EACH
def test_gradients_of_each_example_by_vmap(generator, name):
    import torch

    op, plain, shapes = OPS[name]
    given = arguments(generator, name, (3,))
    every = tuple(range(len(shapes)))

    def loss(function):
        return lambda *tensors: function(*tensors).square().sum()

    found = torch.func.vmap(torch.func.grad(loss(op), every))(*given)
    for n in range(3):
        leaves = [each[n].clone().requires_grad_() for each in given]
        expected = torch.autograd.grad(loss(plain)(*leaves), leaves)
        for ours, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(to_numpy(ours[n]), to_numpy(wanted), rtol=1e-4, atol=1e-4)


@EACH
def test_forward_derivatives(generator, name):
    import torch

    op, plain, _ = OPS[name]
    given, directions = (tuple(arguments(generator, name)) for _ in range(2))
    for ours, wanted in zip(
        *(torch.func.jvp(each, given, directions) for each in (op, plain)), strict=True
    ):
        np.testing.assert_allclose(to_numpy(ours), to_numpy(wanted), rtol=1e-4, atol=1e-4)


@EACH
def test_values_in_inference_mode(generator, name):
    import torch

    op, plain, _ = OPS[name]
    given = arguments(generator, name)
    expected = plain(*given)
    with torch.inference_mode():
        made = [1.0 * each for each in given]
        for _ in range(2):
            np.testing.assert_allclose(to_numpy(op(*made)), to_numpy(expected), atol=1e-5)


@EACH
@pytest.mark.parametrize("use_reentrant", [False, True])
def test_checkpoints(generator, name, use_reentrant):
    import torch

    if not hasattr(torch._C._autograd, "_top_saved_tensors_default_hooks"):
        pytest.skip("this PyTorch cannot detect checkpoints")
    op, plain, _ = OPS[name]
    leaves = [each.requires_grad_() for each in arguments(generator, name)]

    def twice(function):
        made = [2.0 * each for each in leaves]
        first = function(*made)
        # Keys are shared by the calls within and outside of the checkpoint.
        second = torch.utils.checkpoint.checkpoint(function, *made, use_reentrant=use_reentrant)
        return (first * second).sum()

    made = [2.0 * each for each in leaves]
    expected = torch.autograd.grad(plain(*made).square().sum(), leaves)
    twice(op).backward()
    for leaf, wanted in zip(leaves, expected, strict=True):
        np.testing.assert_allclose(to_numpy(leaf.grad), to_numpy(wanted), rtol=1e-3, atol=1e-3)


def test_clipped_gradients_of_each_example_by_vmap(generator):
    import torch

    values = torch.tensor(generator.normal(size=(3, 4)).astype("float32"))

    def loss(x):
        return (clip_gradients([x], 0.5)[0] ** 2).sum()

    found = torch.func.vmap(torch.func.grad(loss))(values)
    np.testing.assert_allclose(to_numpy(found), np.clip(2.0 * to_numpy(values), -0.5, 0.5))


@EACH
def test_traced_graphs_take_other_batches(generator, name):
    import torch

    op, plain, _ = OPS[name]
    # The scale of additive scores, the last of its arguments, has no batch.
    count = len(OPS[name][2]) - (name == "additive_scores")
    given = arguments(generator, name)
    traced = torch.jit.trace(lambda *tensors: op(*tensors), tuple(given), check_trace=False)
    more = [torch.cat([each, 0.5 * each, each[:1]]) for each in given[:count]] + given[count:]
    np.testing.assert_allclose(to_numpy(traced(*more)), to_numpy(plain(*more)), atol=1e-5)


def test_a_traced_sampler_takes_coordinates_that_are_no_numbers(generator):
    import torch

    images = torch.tensor(generator.normal(size=(2, 5, 6, 3)).astype("float32"))
    grid = torch.tensor(generator.uniform(-1, 1, (2, 3, 4, 2)).astype("float32"))

    def sample(images, grid):
        return grid_sample(images, grid, padding_mode="border", data_format="channels_last")

    traced = torch.jit.trace(sample, (images, grid), check_trace=False)
    grid[0, 1, 2], grid[1, 0, 0, 1], grid[1, 2, 3] = torch.nan, torch.inf, -torch.inf
    images, grid = torch.cat([images, images[:1]]), torch.cat([grid, grid[:1]])
    np.testing.assert_allclose(to_numpy(traced(images, grid)), to_numpy(sample(images, grid)))
