"""Reads and writes through windows, with either kind of padding, equal the loops."""

import numpy as np
import pytest
from keras import ops

from keras_attn.ops.glimpse import look, paint, plain_look, plain_paint
from tests.backend import to_numpy
from tests.oracles import draw

pytestmark = pytest.mark.training

BATCH, PATCH = 3, 4
SIZES = pytest.mark.parametrize("size", [(7, 7, 1), (7, 7, 3), (6, 9, 1), (6, 9, 3)])
PADDING = pytest.mark.parametrize("padding_mode", ["border", "zeros"])


def given(generator):
    """Numbers of windows in the image, partly out of it and beyond it."""
    numbers = 0.4 * generator.normal(size=(BATCH, 5))
    numbers[1, :2], numbers[2, :2] = 0.9, 3.0
    return numbers.astype("float32")


@SIZES
@PADDING
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("read", [look, plain_look])
def test_a_read_is_the_loop(generator, read, count, padding_mode, size):
    images = [generator.normal(size=(BATCH, *size)).astype("float32") for _ in range(count)]
    numbers = given(generator)
    tensors = [ops.convert_to_tensor(image) for image in images]
    patches, window = read(tensors, ops.convert_to_tensor(numbers), PATCH, padding_mode)
    for n in range(BATCH):
        expected = draw.read(numbers[n], [image[n] for image in images], PATCH, padding_mode)
        np.testing.assert_allclose(to_numpy(patches)[n], expected, atol=1e-4)
        x, y, stride, variance, intensity = draw.placed(numbers[n], *size[:2], PATCH)
        found = [to_numpy(part)[n] for part in window]
        np.testing.assert_allclose(found, [x - 1, y - 1, stride, variance, intensity], rtol=1e-4)


@SIZES
@PADDING
@pytest.mark.parametrize("write", [paint, plain_paint])
def test_a_write_is_the_loop(generator, write, padding_mode, size):
    patch = generator.normal(size=(BATCH, PATCH**2 * size[-1]))
    numbers = np.concatenate([patch, given(generator)], axis=1).astype("float32")
    stroke, window = write(ops.convert_to_tensor(numbers), size, PATCH, padding_mode)
    for n in range(BATCH):
        expected = draw.write(numbers[n], size, PATCH, padding_mode)
        np.testing.assert_allclose(to_numpy(stroke)[n], expected, atol=1e-4)
        x, y, stride, variance, intensity = draw.placed(numbers[n, -5:], *size[:2], PATCH)
        found = [to_numpy(part)[n] for part in window]
        np.testing.assert_allclose(found, [x - 1, y - 1, stride, variance, intensity], rtol=1e-4)


@SIZES
@PADDING
def test_patches_and_strokes_are_of_the_dtype_of_their_arguments(generator, padding_mode, size):
    """Windows are placed in float32."""
    image = generator.normal(size=(BATCH, *size))
    numbers = given(generator)
    half = ops.cast(ops.convert_to_tensor(image), "float16")
    patches, window = look([half], ops.convert_to_tensor(numbers), PATCH, padding_mode)
    wide = [ops.cast(half, "float32")]
    exact, _ = plain_look(wide, ops.convert_to_tensor(numbers), PATCH, padding_mode)
    assert to_numpy(patches).dtype == "float16"
    assert {to_numpy(part).dtype.name for part in window} == {"float32"}
    np.testing.assert_allclose(to_numpy(patches), to_numpy(exact), atol=2e-2)
    patch = generator.normal(size=(BATCH, PATCH**2 * size[-1]))
    half = ops.cast(np.concatenate([patch, numbers], axis=1), "float16")
    stroke, window = paint(half, size, PATCH, padding_mode)
    exact, _ = plain_paint(ops.cast(half, "float32"), size, PATCH, padding_mode)
    assert to_numpy(stroke).dtype == "float16"
    assert {to_numpy(part).dtype.name for part in window} == {"float32"}
    np.testing.assert_allclose(to_numpy(stroke), to_numpy(exact), atol=5e-2)
