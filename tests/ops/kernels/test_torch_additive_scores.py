"""Projected keys shared by queries on PyTorch, in every order of calls and backward passes."""

import gc
import weakref

import numpy as np
import pytest

from keras_attn.ops import additive_scores
from tests.backend import BACKEND, to_numpy

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="keys are shared on PyTorch alone"),
]


@pytest.fixture
def tensors(generator):
    """A query, what the keys are made of, and the scale; all have a gradient."""
    import torch

    shapes = (2, 1, 4), (2, 5, 4), (4,)
    return [
        torch.tensor(generator.normal(size=shape).astype("float32"), requires_grad=True)
        for shape in shapes
    ]


def test_passes_without_the_keys_have_no_effect_on_later_passes(tensors):
    import torch

    query, source, scale = tensors
    key = source * 2.0
    first = additive_scores(query, key, scale).sum()
    second = additive_scores(query + 1.0, key, scale).sum()
    (expected,) = torch.autograd.grad(additive_scores(query, source * 2.0, scale).sum(), [source])
    torch.autograd.grad(first + second, [query], retain_graph=True)
    for _ in range(2):
        (found,) = torch.autograd.grad(first, [source], retain_graph=True)
        np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=1e-6)


def test_keys_changed_in_place(tensors):
    import torch

    query, source, scale = tensors
    with torch.no_grad():
        key = source * 2.0
        additive_scores(query, key, scale)
        key += 1.0
        found = additive_scores(query, key, scale)
        expected = additive_scores(query, source * 2.0 + 1.0, scale)
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=1e-6)


def test_keys_first_seen_without_a_gradient_get_one(tensors):
    import torch

    query, source, scale = tensors
    key = source * 2.0
    with torch.no_grad():
        additive_scores(query, key, scale)
    (found,) = torch.autograd.grad(additive_scores(query, key, scale).sum(), [source])
    (expected,) = torch.autograd.grad(additive_scores(query, source * 2.0, scale).sum(), [source])
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=1e-6)


@pytest.mark.parametrize("backward", [True, False])
def test_keys_are_freed(tensors, backward):
    # Of the kernel itself: what leads to it in Keras 3.12 keeps its arguments until a collection.
    from keras_attn.ops.kernels.torch_additive_scores import additive_scores

    query, source, scale = tensors
    key = source * 2.0
    scores = additive_scores(query, key, scale).sum()
    if backward:
        scores.backward()
    del scores
    gone = weakref.ref(key)
    gc.disable()
    try:
        del key
        assert gone() is None
    finally:
        gc.enable()
