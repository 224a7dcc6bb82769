"""Addressing by a kernel equals its four steps, with equal gradients."""

import importlib

import numpy as np
import pytest

from keras_attn.ops import address_memory
from keras_attn.ops.memory_addressing import plain_address_memory
from tests.backend import BACKEND
from tests.ops.functions import pull_back

pytestmark = pytest.mark.training

BATCH, HEADS, LOCATIONS, WIDTH = 2, 3, 7, 4


def arrays(generator, steps=3):
    return [
        generator.normal(size=(BATCH, HEADS, WIDTH)),
        generator.uniform(0.0, 5.0, (BATCH, HEADS)),
        generator.uniform(size=(BATCH, HEADS)),
        generator.dirichlet(np.ones(steps), (BATCH, HEADS)),
        generator.uniform(1.0, 4.0, (BATCH, HEADS)),
        generator.normal(size=(BATCH, LOCATIONS, WIDTH)),
        generator.dirichlet(np.ones(LOCATIONS), (BATCH, HEADS)),
    ]


@pytest.mark.skipif(BACKEND != "torch", reason="compilers make one of the steps elsewhere")
@pytest.mark.parametrize("steps", [1, 3, 7])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_equals_the_plain_twin(generator, steps, dtype):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_address_memory")
    given = [each.astype(dtype) for each in arrays(generator, steps)]
    cotangent = generator.normal(size=(BATCH, HEADS, LOCATIONS)).astype(dtype)
    found, gradients = pull_back(kernel.address_memory, given, cotangent)
    expected, others = pull_back(plain_address_memory, given, cotangent)
    tolerance = {"float32": 1e-5, "float16": 2e-2}[dtype]
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert found.dtype == dtype
    for gradient, other in zip(gradients, others, strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, other, atol=tolerance, rtol=tolerance)


@pytest.mark.skipif(BACKEND != "torch", reason="compilers make one of the steps elsewhere")
def test_the_gradient_is_that_of_differences(generator):
    import torch

    from keras_attn.ops.kernels.torch_address_memory import address_memory

    given = [torch.tensor(each, requires_grad=True) for each in arrays(generator)]
    assert torch.autograd.gradcheck(address_memory, given)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("kind", ["nothing", "saturated"])
def test_extremes_are_finite(generator, kind, dtype):
    key, strength, gate, shift, sharpening, memory, previous = arrays(generator)
    if kind == "nothing":
        given = [0 * key, strength, 0 * gate, shift, sharpening, 0 * memory, 0 * previous]
    else:
        one_hot = np.eye(LOCATIONS)[None, [1, 1, 4]].repeat(BATCH, 0)
        up = np.broadcast_to([0.0, 0.0, 1.0], shift.shape)
        # One head addresses the row of its key, one stays.
        gate[:] = [[1.0, 0.0, 0.5]]
        key[:] = memory[:, :HEADS]
        given = [key, 0 * strength + 1e4, gate, up, 0 * sharpening + 100.0, memory, one_hot]
    given = [each.astype(dtype) for each in given]
    cotangent = generator.normal(size=previous.shape).astype(dtype)
    found, gradients = pull_back(address_memory, given, cotangent)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-2)
    if kind == "nothing":
        np.testing.assert_allclose(found, 1 / LOCATIONS, atol=1e-3)
    else:
        assert found[:, :2].argmax(axis=-1).tolist() == [[1, 2]] * BATCH
    for gradient in gradients:
        assert np.all(np.isfinite(gradient))


def test_other_shapes_are_refused(generator):
    names = ["key", "strength", "gate", "shift", "sharpening", "memory", "previous"]
    right = dict(zip(names, arrays(generator), strict=True))
    for name in names:
        for wrong in (right[name][0], right[name][..., :-1], right[name][:1]):
            if name == "memory" and wrong.ndim == 3:
                continue  # the error names another argument
            with pytest.raises(ValueError, match=f"`{name}` must"):
                address_memory(**{**right, name: wrong})
