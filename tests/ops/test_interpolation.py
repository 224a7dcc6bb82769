"""The sampler in `keras.ops` alone: extreme coordinates, slopes on pixels, double precision."""

import importlib.util
import itertools

import numpy as np
import pytest

from keras_attn.ops.grid_sample import plain_grid_sample
from keras_attn.ops.interpolation import INTERPOLATIONS, PADDING_MODES
from tests.ops.functions import double_precision, numpy_call, pull_back
from tests.oracles.sampling import centre
from tests.oracles.sampling import sample as oracle

pytestmark = pytest.mark.training

OPTIONS = list(itertools.product(INTERPOLATIONS, PADDING_MODES, (False, True)))
BOTH = pytest.mark.parametrize("align_corners", [False, True])
MODES = pytest.mark.parametrize("padding_mode", PADDING_MODES)
KINDS = pytest.mark.parametrize("interpolation", INTERPOLATIONS)


def plain(*options):
    return lambda images, grid: plain_grid_sample(images, grid, *options)


@KINDS
@MODES
@BOTH
def test_no_coordinate_gives_nan(generator, interpolation, padding_mode, align_corners):
    images = generator.normal(size=(1, 5, 7, 2)).astype("float32")
    far = np.float32([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e12, -1e8, 0.3])
    grid = np.stack(np.meshgrid(far, far), axis=-1)[None]
    function = plain(interpolation, padding_mode, align_corners)
    found, slopes = pull_back(function, [images, grid], np.ones((1, 8, 8, 2), "float32"))
    assert np.isfinite(found).all()
    assert all(np.isfinite(slope).all() for slope in slopes)
    # NaN counts as -1.
    corner = numpy_call(function, images, np.where(np.isnan(grid), np.float32(-1.0), grid))
    np.testing.assert_allclose(found, corner, atol=1e-6)
    assert not slopes[1][:, 0, :, 1].any()
    assert not slopes[1][:, :, 0, 0].any()
    if padding_mode == "zeros":
        assert not found[:, 1:7].any()
        assert not found[:, :, 1:7].any()
    if padding_mode == "border":
        last = images[:, -1, -1]
        np.testing.assert_allclose(found[:, 1, 1], last, atol=1e-5)
        np.testing.assert_allclose(found[:, 3, 5], last, atol=1e-5)
        np.testing.assert_allclose(found[:, 2, 4], images[:, 0, 0], atol=1e-5)


@MODES
@pytest.mark.parametrize(("align_corners", "size"), [(False, 4), (True, 5)])
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="the slopes of PyTorch")
def test_slopes_on_pixels_and_edges_are_torchs(generator, padding_mode, align_corners, size):
    import torch

    images = generator.normal(size=(1, size, size, 1)).astype("float32")
    # At these sizes the coordinates of pixels, and of the middles between them, are exact.
    places = [centre(position, size, align_corners) for position in np.arange(-2, size + 1.5, 0.5)]
    grid = np.stack(np.meshgrid(places, places), axis=-1)[None].astype("float32")
    cotangent = generator.normal(size=(*grid.shape[:-1], 1)).astype("float32")
    options = ("bilinear", padding_mode, align_corners)
    _, slopes = pull_back(plain(*options), [images, grid], cotangent)
    leaves = [torch.tensor(array, requires_grad=True) for array in (images, grid)]
    sampled = torch.nn.functional.grid_sample(leaves[0].movedim(-1, 1), leaves[1], *options)
    expected = torch.autograd.grad(sampled.movedim(1, -1), leaves, torch.tensor(cotangent))
    for ours, theirs in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options)))
def test_values_in_double_precision(generator, options):
    images = generator.normal(size=(2, 5, 7, 3))
    grid = generator.uniform(-1.6, 1.6, (2, 3, 4, 2))
    with double_precision():
        found = numpy_call(plain(*options), images, grid)
    assert found.dtype == "float64"
    for each, image, points in zip(found, images, grid, strict=True):
        np.testing.assert_allclose(each, oracle(image, points, *options), atol=1e-10)


@KINDS
def test_images_of_half_precision_are_weighted_in_that_of_the_grid(generator, interpolation):
    images = generator.normal(size=(1, 40, 40, 1)).astype("float16")
    grid = generator.uniform(-0.9, 0.9, (1, 5, 6, 2)).astype("float32")
    found = numpy_call(plain(interpolation, "zeros", False), images, grid)
    assert found.dtype == "float16"
    expected = oracle(images[0], grid[0], interpolation)
    np.testing.assert_allclose(found[0], expected, atol=4e-3)
