"""Antialiased sampling of smaller images."""

import keras
import numpy as np
import pytest

from keras_attn.ops import grid_sample, identity_grid
from tests.backend import to_numpy
from tests.ops.functions import channels_last, numpy_call, pull_back


def resize(images, size, antialias=True, **options):
    grid = np.repeat(to_numpy(identity_grid(size))[None], len(images), 0)
    function = channels_last(grid_sample, antialias=antialias, **options)
    return numpy_call(function, images, grid)


def triangle_reduction(image, factor):
    """Every output pixel under a triangle of half-width `factor`, as a good resize does it."""
    height, width, channels = image.shape
    reduced = np.zeros((height // factor, width // factor, channels))
    for y, x in np.ndindex(*reduced.shape[:2]):
        centre = np.array([y, x]) * factor + (factor - 1) / 2
        mass = 0.0
        for i, j in np.ndindex(height, width):
            distance = np.abs(np.array([i, j]) - centre) / factor
            weight = np.prod(np.maximum(0.0, 1.0 - distance))
            mass += weight
            reduced[y, x] += weight * image[i, j]
        reduced[y, x] /= mass
    return reduced


@pytest.mark.parametrize("factor", [2, 4])
def test_powers_of_two_are_the_triangle_filter(generator, factor):
    images = generator.normal(size=(1, 24, 16, 2)).astype("float32")
    reduced = resize(images, (24 // factor, 16 // factor))
    expected = triangle_reduction(images[0], factor)
    np.testing.assert_allclose(reduced[0, 1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_a_fine_checkerboard_becomes_grey(factor, padding_mode):
    board = (np.indices((24, 24)).sum(0) % 2).astype("float32")[None, :, :, None]
    # A quarter of a pixel off the symmetric place, where bilinear samples are grey by chance.
    grid = to_numpy(identity_grid((24 // factor, 24 // factor)))[None] + np.float32(0.02)
    smooth, rough = (
        numpy_call(
            channels_last(grid_sample, antialias=antialias, padding_mode=padding_mode), board, grid
        )[0, 2:-2, 2:-2]
        for antialias in (True, False)
    )
    # Between the powers of two a trace of the finer level remains.
    np.testing.assert_allclose(smooth, 0.5, atol=0.02 if factor == 3 else 1e-5)
    assert np.abs(rough - 0.5).max() > (0.05 if factor == 3 else 0.02)


def test_nan_counts_as_minus_one(generator):
    images = generator.normal(size=(1, 12, 10, 2)).astype("float32")
    grid = 0.9 * to_numpy(identity_grid((4, 5)))[None]
    grid[0, 1, 2], grid[0, 3, 0, 1] = np.nan, np.nan
    sample = channels_last(grid_sample, antialias=True)
    expected = numpy_call(sample, images, np.where(np.isnan(grid), np.float32(-1.0), grid))
    np.testing.assert_allclose(numpy_call(sample, images, grid), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(12, 10), (1, 1), (24, 20)])
def test_nothing_changes_without_minification(generator, size):
    images = generator.normal(size=(1, 12, 10, 2)).astype("float32")
    grid = 0.9 * to_numpy(identity_grid(size))[None]
    plain, filtered = (
        numpy_call(channels_last(grid_sample, antialias=antialias), images, grid)
        for antialias in (False, True)
    )
    np.testing.assert_allclose(filtered, plain, atol=2e-6)


@pytest.mark.parametrize("padding_mode", ["border", "reflection"])
def test_a_constant_stays_constant(padding_mode):
    images = np.full((1, 13, 21, 1), 0.25, "float32")
    reduced = resize(images, (3, 2), padding_mode=padding_mode)
    np.testing.assert_allclose(reduced, 0.25, atol=1e-6)


@pytest.mark.training
def test_bright_images_in_half_precision():
    images = keras.ops.full((1, 8, 8, 1), 60000.0, "float16")
    grid = to_numpy(identity_grid((4, 4)))[None]
    reduced = grid_sample(images, grid, antialias=True, data_format="channels_last")
    np.testing.assert_allclose(to_numpy(reduced)[:, 1:-1, 1:-1], 60000.0, rtol=1e-3)


def test_needs_a_static_size():
    images, grid = keras.KerasTensor((None, None, 8, 1)), keras.KerasTensor((None, 4, 4, 2))
    with pytest.raises(ValueError, match="`antialias=True` needs images of static"):
        grid_sample(images, grid, antialias=True, data_format="channels_last")


def test_infinite_coordinates_are_far_outside(generator):
    """A column beyond the right border, of the rows that others minify."""
    images = generator.normal(size=(1, 12, 10, 2)).astype("float32")
    grid = to_numpy(identity_grid((4, 5)))[None].copy()
    grid[..., 2:, 0], grid[:, 3, :2, 1] = np.inf, -np.inf
    sample = channels_last(grid_sample, antialias=True, padding_mode="border")
    expected = numpy_call(sample, images, np.clip(grid, -1e6, 1e6))
    np.testing.assert_allclose(numpy_call(sample, images, grid), expected, atol=1e-6)
    # Beyond the border the rows are as far apart as within it, so that its pixels are averaged.
    plain = channels_last(grid_sample, padding_mode="border")
    assert np.abs(expected - numpy_call(plain, images, grid))[:, :3, 3:].max() > 0.05


@pytest.mark.training
def test_gradients_at_coordinates_that_are_no_numbers_are_finite(generator):
    images = generator.normal(size=(1, 12, 10, 2)).astype("float32")
    grid = to_numpy(identity_grid((4, 5)))[None].copy()
    grid[:, 1, 2], grid[:, 2, 3:, 0] = np.nan, np.inf
    cotangent = np.ones((1, 4, 5, 2), "float32")
    sample = channels_last(grid_sample, antialias=True, padding_mode="border")
    _, slopes = pull_back(sample, [images, grid], cotangent)
    assert all(np.isfinite(slope).all() for slope in slopes)
    assert not slopes[1][:, 1, 2].any()


def test_the_size_is_that_of_the_data_format():
    def symbolic(*shape):
        images, grid = keras.KerasTensor(shape), keras.KerasTensor((None, 4, 4, 2))
        return grid_sample(images, grid, antialias=True, data_format="channels_first").shape

    assert symbolic(None, 3, 8, 6) == (None, 3, 4, 4)
    for shape in ((None, 3, 8, None), (None, 3, None, 6)):
        with pytest.raises(ValueError, match="`antialias=True` needs images of static"):
            symbolic(*shape)
