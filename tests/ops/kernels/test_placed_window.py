"""Windows, reads and writes by kernels with custom gradients equal the plain paths."""

import importlib

import numpy as np
import pytest
from keras import ops

from keras_attn.ops.glimpse import plain_look, plain_paint, plain_placed_window
from tests.backend import BACKEND
from tests.ops.functions import pull_back

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(BACKEND != "torch", reason="compilers make one of the steps elsewhere"),
]


def kernel(name):
    module = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_{name}")
    return getattr(module, name)


def given(generator, variance=2.0):
    """Windows with filters outside of the image too, and with logarithms that are clipped."""
    center = generator.uniform(-1.5, 1.5, (6, 2))
    variance = np.log(generator.uniform(0.1, 1.0, (6, 1)) * variance)
    others = generator.uniform(-1.0, 1.0, (6, 2))
    others[0] = 11.0, -12.0
    return np.concatenate([center, variance, others], axis=1)


def as_one(place, image_size, patch_size):
    """Returns a function of the parameters that gives window and filters as one array."""

    def function(parameters):
        window, *filters = place(parameters, image_size, patch_size)
        return ops.concatenate(
            [ops.stack(list(window), axis=1), *(ops.reshape(each, (6, -1)) for each in filters)],
            axis=1,
        )

    return function


@pytest.mark.parametrize("image_size", [(9, 9), (7, 12)])
@pytest.mark.parametrize("patch_size", [1, 2, 5])
@pytest.mark.parametrize("variance", [1e-4, 2.0, 1e4])
def test_equals_the_plain_twin(generator, image_size, patch_size, variance):
    parameters = given(generator, variance).astype("float32")
    cotangent = generator.normal(size=(6, 5 + patch_size * sum(image_size))).astype("float32")
    (found, (gradient,)), (expected, (other,)) = (
        pull_back(as_one(place, image_size, patch_size), [parameters], cotangent)
        for place in (kernel("placed_window"), plain_placed_window)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    # Of a filter on one pixel they are what rounding leaves of large numbers.
    scale = np.maximum(1.0, np.abs(other).max(axis=1, keepdims=True))
    np.testing.assert_allclose(gradient / scale, other / scale, atol=1e-4)


@pytest.mark.parametrize("image_size", [(9, 9), (7, 12)])
def test_the_gradient_is_that_of_differences(generator, image_size):
    import torch

    parameters = torch.tensor(given(generator), requires_grad=True)
    function = as_one(kernel("placed_window"), image_size, 3)
    assert torch.autograd.gradcheck(function, parameters)


def test_gradients_of_a_part_of_the_results(generator):
    import torch

    parameters = torch.tensor(given(generator), requires_grad=True)

    def parts(place):
        window, filters_y, _ = place(parameters, (7, 12), 3)
        for each in (window.center_x.sum(), filters_y[:, 0, 2].sum()):
            yield torch.autograd.grad(each, parameters, retain_graph=True)[0].numpy()

    for found, expected in zip(
        parts(kernel("placed_window")), parts(plain_placed_window), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_it_has_no_second_derivative(generator):
    import torch

    parameters = torch.tensor(given(generator), requires_grad=True)
    _, filters, _ = kernel("placed_window")(parameters, (9, 9), 3)
    (first,) = torch.autograd.grad(filters[:, 0, 0].sum(), parameters, create_graph=True)
    with pytest.raises(NotImplementedError, match="second derivative"):
        first.sum().backward()


SIZES = pytest.mark.parametrize("size", [(9, 9, 1), (9, 9, 3), (7, 12, 1), (7, 12, 3)])
ASKED = pytest.mark.parametrize("asked", ["values", "window", "both"])


def answer(asked, values, window):
    """Returns the requested outputs of a kernel, of shape `(batch, features)`."""
    parts = [ops.reshape(values, (len(values), -1)), ops.stack(list(window), axis=1)]
    chosen = {"values": parts[:1], "window": parts[1:], "both": parts}[asked]
    return ops.concatenate(chosen, axis=1)


@SIZES
@ASKED
def test_reads_equal_their_plain_twins(generator, size, asked):
    images = [generator.normal(size=(5, *size)).astype("float32") for _ in range(2)]
    numbers = given(generator).astype("float32")[1:]
    # The window alone does not ask for the images.
    arrays = [numbers] if asked == "window" else [numbers, *images]
    seen = [ops.convert_to_tensor(each) for each in images]
    assert_twins_equal(
        *(
            lambda numbers, *images, look=look: answer(
                asked, *look(list(images) or seen, numbers, 4)
            )
            for look in (kernel("look"), plain_look)
        ),
        arrays,
        generator,
    )


@pytest.mark.parametrize("index", [0, 1])
def test_an_image_has_its_gradient_where_the_others_need_none(generator, index):
    images = [generator.normal(size=(5, 7, 12, 1)).astype("float32") for _ in range(2)]
    numbers = ops.convert_to_tensor(given(generator).astype("float32")[1:])

    def of_one(look):
        def function(image):
            tensors = [ops.convert_to_tensor(each) for each in images]
            tensors[index] = image
            return look(tensors, numbers, 4)[0]

        return function

    assert_twins_equal(of_one(kernel("look")), of_one(plain_look), [images[index]], generator)


@SIZES
@ASKED
def test_writes_equal_their_plain_twins(generator, size, asked):
    patch = generator.normal(size=(5, 16 * size[-1]))
    numbers = np.concatenate([patch, given(generator)[1:]], axis=1).astype("float32")
    assert_twins_equal(
        *(
            lambda a, paint=paint: answer(asked, *paint(a, size, 4))
            for paint in (kernel("paint"), plain_paint)
        ),
        [numbers],
        generator,
    )


@pytest.mark.parametrize("name", ["look", "paint"])
@pytest.mark.parametrize("size", [(9, 9, 1), (7, 12, 1)])
def test_their_gradients_are_those_of_differences(generator, name, size):
    import torch

    image, patch = generator.normal(size=(6, *size)), generator.normal(size=(6, 9))
    arrays = {
        "look": [image, given(generator)],
        "paint": [np.concatenate([patch, given(generator)], axis=1)],
    }[name]
    function = {
        "look": lambda image, numbers: kernel("look")([image], numbers, 3)[0],
        "paint": lambda numbers: kernel("paint")(numbers, size, 3)[0],
    }[name]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    assert torch.autograd.gradcheck(function, tensors)
    gradients = torch.autograd.grad(function(*tensors).sum(), tensors, create_graph=True)
    with pytest.raises(NotImplementedError, match="second derivative"):
        gradients[-1].sum().backward()


def assert_twins_equal(function, plain, arrays, generator):
    cotangent = generator.normal(size=tuple(plain(*map(ops.convert_to_tensor, arrays)).shape))
    cotangent = cotangent.astype("float32")
    found, gradients = pull_back(function, arrays, cotangent)
    expected, others = pull_back(plain, arrays, cotangent)
    for one, other in zip([found, *gradients], [expected, *others], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@SIZES
@pytest.mark.parametrize("name", ["look", "paint"])
def test_half_precision_equals_the_plain_twin(generator, name, size):
    image, patch = generator.normal(size=(6, *size)), generator.normal(size=(6, 9 * size[-1]))
    window = np.clip(given(generator), -1.0, 1.0)
    function, plain, arrays = {
        "look": (
            lambda image, numbers: kernel("look")([image], numbers, 3)[0],
            lambda image, numbers: plain_look([image], numbers, 3)[0],
            [image, window],
        ),
        "paint": (
            lambda numbers: kernel("paint")(numbers, size, 3)[0],
            lambda numbers: plain_paint(numbers, size, 3)[0],
            [np.concatenate([patch, window], axis=1)],
        ),
    }[name]
    arrays = [array.astype("float16") for array in arrays]
    shape = tuple(plain(*map(ops.convert_to_tensor, arrays)).shape)
    cotangent = generator.normal(size=shape).astype("float16")
    found, gradients = pull_back(function, arrays, cotangent)
    wide = [array.astype("float32") for array in arrays]
    expected, others = pull_back(plain, wide, cotangent.astype("float32"))
    for one, other in zip([found, *gradients], [expected, *others], strict=True):
        assert one.dtype == "float16"
        np.testing.assert_allclose(one, other, atol=2e-2 * np.abs(other).max(), rtol=2e-2)
