"""Grids of thin plate splines."""

import math

import keras
import numpy as np
import pytest

from keras_attn.ops import identity_grid, thin_plate_spline_grid
from tests.backend import TRAINS, gradients, to_numpy
from tests.oracles.transformations import regular_grid, spline_grid

FIDUCIALS = [[-1, -1], [0, -0.8], [1, -1], [-1, 1], [0.1, 0.9], [1, 1]]


@pytest.mark.parametrize(
    ("control_points", "shape"),
    [((4, 4), (9, 13)), ((2, 3), (6, 5)), ((3, 2, 3), (4, 5, 6)), (FIDUCIALS, (8, 12))],
)
@pytest.mark.parametrize("align_corners", [False, True])
def test_equals_scipy_on_warps_that_are_not_affine(generator, control_points, shape, align_corners):
    axes, is_list = len(shape), np.ndim(control_points) == 2
    count = len(control_points) if is_list else math.prod(control_points)
    displacement = 0.2 * generator.normal(size=(2, 3, count, axes)).astype("float32")
    found = to_numpy(thin_plate_spline_grid(displacement, shape, control_points, align_corners))
    expected = spline_grid(displacement, shape, control_points, align_corners)
    pixels = regular_grid(shape, align_corners).reshape(-1, axes)
    pixels = np.c_[pixels, np.ones(len(pixels))]
    for warp in expected.reshape(6, -1, axes):
        residual = warp - pixels @ np.linalg.lstsq(pixels, warp, rcond=None)[0]
        assert np.abs(residual).max() > 0.01, "an affine warp"
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (3, 4, 5)])
def test_no_displacement_is_exactly_the_identity(shape):
    points = (3,) * len(shape)
    zero = np.zeros((2, 3 ** len(shape), len(shape)), "float32")
    grid = to_numpy(thin_plate_spline_grid(zero, shape, points))
    assert (grid == to_numpy(identity_grid(shape))).all()


def test_points_in_one_plane_do_not_span_space():
    points = [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [0.5, 0.2, 0]]
    with pytest.raises(ValueError, match="`control_points` must"):
        thin_plate_spline_grid(np.zeros((1, 5, 3), "float32"), (2, 3, 4), points)
    points[4][2] = 0.5
    grid = thin_plate_spline_grid(np.zeros((1, 5, 3), "float32"), (2, 3, 4), points)
    np.testing.assert_allclose(to_numpy(grid)[0], regular_grid((2, 3, 4)), atol=1e-6)


@pytest.mark.parametrize("leading", [(), (1,), (2, 1, 3)])
def test_leading_axes_are_free(generator, leading):
    displacement = 0.2 * generator.normal(size=(*leading, 6, 2)).astype("float32")
    found = to_numpy(thin_plate_spline_grid(displacement, (4, 5), (2, 3)))
    expected = spline_grid(displacement, (4, 5), (2, 3))
    assert found.shape == (*leading, 4, 5, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_leading_axes_may_be_symbolic():
    displacement = keras.KerasTensor((None, 3, 16, 2))
    assert thin_plate_spline_grid(displacement, (4, 5)).shape == (None, 3, 4, 5, 2)


def test_control_points_move_by_their_displacement(generator):
    displacement = 0.3 * generator.normal(size=(1, 15, 2)).astype("float32")
    grid = to_numpy(thin_plate_spline_grid(displacement, (3, 5), (3, 5), align_corners=True))
    expected = regular_grid((3, 5), align_corners=True) + displacement.reshape(3, 5, 2)
    np.testing.assert_allclose(grid[0], expected, atol=1e-5)


def test_common_displacement_is_a_shift():
    grid = to_numpy(thin_plate_spline_grid(np.full((1, 16, 2), 0.25, "float32"), (6, 7)))
    np.testing.assert_allclose(grid[0], to_numpy(identity_grid((6, 7))) + 0.25, atol=1e-5)


@pytest.mark.skipif(not TRAINS, reason="no gradients")
def test_gradient_is_finite_on_the_control_points_themselves():
    # Pixels on control points have a radius of zero, where the logarithm has no gradient.
    zero = np.zeros((1, 16, 2), "float32")
    (gradient,), _ = gradients(
        lambda d: thin_plate_spline_grid(d, (4, 4), (4, 4), align_corners=True), [zero]
    )
    assert np.isfinite(gradient).all()
    assert (gradient != 0).any()


@pytest.mark.parametrize(
    ("control_points", "displacement", "argument"),
    [
        ((1, 4), (1, 4, 2), "control_points"),
        ((4,), (1, 4, 2), "control_points"),
        ((2, 2, 2), (1, 8, 2), "control_points"),
        ((-2, 2), (1, 4, 2), "control_points"),
        ([[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], (1, 4, 2), "control_points"),
        ([[0, 0], [np.inf, 0], [0, 1], [1, 0]], (1, 4, 2), "control_points"),
        ([[0, 0], [0, 1]], (1, 2, 2), "control_points"),
        ((2.5, 4), (1, 10, 2), "control_points"),
        ([[0, 0], [1, 1], [2, 2]], (1, 3, 2), "control_points"),
        ([[0, 0], [0, 0], [0, 1], [1, 0]], (1, 4, 2), "control_points"),
        ([[0, 0], [np.nan, 0], [0, 1], [1, 0]], (1, 4, 2), "control_points"),
        ((4, 4), (1, 15, 2), "displacement"),
        ((4, 4), (1, 16, 3), "displacement"),
        ((4, 4), (32,), "displacement"),
    ],
)
def test_bad_arguments_are_named(control_points, displacement, argument):
    with pytest.raises(ValueError, match=f"`{argument}`"):
        thin_plate_spline_grid(np.zeros(displacement, "float32"), (5, 5), control_points)


def test_dtype_is_float32_in_half_precision():
    grid = thin_plate_spline_grid(keras.ops.zeros((1, 16, 2), "float16"), (5, 5))
    assert keras.backend.standardize_dtype(grid.dtype) == "float32"
