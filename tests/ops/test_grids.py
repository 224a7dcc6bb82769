"""Grids of matrices and flows, and their precision."""

import keras
import numpy as np
import pytest

from keras_attn.ops import affine_grid, flow_grid, identity_grid, projective_grid
from tests.backend import TRAINS, gradients, to_numpy
from tests.ops.functions import double_precision
from tests.oracles.transformations import matrix_grid, regular_grid


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", [(4, 7), (1, 5), (1, 1), (3, 2, 4), (1, 1, 1)])
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_affine_grid_is_the_matrix_of_every_pixel(generator, shape, align_corners, leading):
    theta = generator.normal(size=(*leading, len(shape), len(shape) + 1)).astype("float32")
    grid = to_numpy(affine_grid(theta, shape, align_corners))
    np.testing.assert_allclose(grid, matrix_grid(theta, shape, align_corners), atol=1e-5)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", [(4, 7), (1, 1), (3, 2, 4)])
@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
def test_projective_grid_divides_by_the_last_coordinate(generator, shape, align_corners, leading):
    size = len(shape) + 1
    theta = np.eye(size) + 0.1 * generator.normal(size=(*leading, size, size)).astype("float32")
    grid = to_numpy(projective_grid(theta.astype("float32"), shape, align_corners))
    np.testing.assert_allclose(grid, matrix_grid(theta, shape, align_corners), atol=1e-5)


def test_projective_grid_ignores_the_scale_of_its_matrix(generator):
    theta = (np.eye(3) + 0.1 * generator.normal(size=(2, 3, 3))).astype("float32")
    once, thrice, little = (
        to_numpy(projective_grid(np.float32(k) * theta, (5, 6))) for k in (1.0, 3.0, 1e-8)
    )
    np.testing.assert_allclose(once, thrice, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(once, little, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not TRAINS, reason="no gradients")
@pytest.mark.parametrize("last", [[0, 0, 0], [1, 0, 0], [0, 0, -1]])
def test_gradient_is_finite_where_the_camera_sees_nothing(last):
    theta = np.array([[[1, 0, 0], [0, 1, 0], last]], "float32")
    (gradient,), _ = gradients(
        lambda theta: keras.ops.tanh(projective_grid(theta, (3, 3))), [theta]
    )
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", [(3, 4), (1, 5), (2, 3, 4)])
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_flow_moves_the_identity(generator, leading, shape, align_corners):
    flow = generator.normal(size=(*leading, *shape, len(shape))).astype("float32")
    expected = regular_grid(shape, align_corners) + flow
    np.testing.assert_allclose(to_numpy(flow_grid(flow, align_corners)), expected, atol=1e-6)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", [(5, 4), (1, 3), (2, 3, 4)])
def test_identity_grid_has_the_centres_of_the_pixels(shape, align_corners):
    grid = to_numpy(identity_grid(shape, align_corners))
    np.testing.assert_allclose(grid, regular_grid(shape, align_corners), atol=1e-7)


def test_coordinates_do_not_lose_precision_in_half_precision():
    theta = keras.ops.cast(np.eye(2, 3)[None], "bfloat16")
    grid = affine_grid(theta, (224, 160))
    assert keras.backend.standardize_dtype(grid.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(grid)[0], regular_grid((224, 160)), atol=1e-6)


@pytest.mark.parametrize(
    ("function", "argument", "value", "output_shape"),
    [
        (affine_grid, "theta", (2, 3, 3), (4, 4)),
        (affine_grid, "theta", (2, 2, 3), (4, 4, 4)),
        (affine_grid, "theta", (3,), (4, 4)),
        (projective_grid, "theta", (2, 2, 3), (4, 4)),
        (affine_grid, "output_shape", (2, 2, 3), (0, 4)),
        (affine_grid, "output_shape", (2, 2, 3), (4,)),
        (affine_grid, "output_shape", (2, 2, 3), 4),
        (affine_grid, "output_shape", (2, 2, 3), (4, -1)),
        (affine_grid, "output_shape", (2, 2, 3), (2, 3, 4, 5)),
        (projective_grid, "theta", (3,), (4, 4)),
        (projective_grid, "theta", (2, 3, 3), (4, 4, 4)),
        (projective_grid, "output_shape", (2, 3, 3), (4.5, 4)),
    ],
)
def test_bad_arguments_are_named(function, argument, value, output_shape):
    with pytest.raises(ValueError, match=f"`{argument}`.*Received: {argument}"):
        function(np.zeros(value, "float32"), output_shape)


@pytest.mark.parametrize("shape", [(2, 4, 4, 1), (4, 2), (2, 4, 4, 4, 4)])
def test_bad_flows_are_refused(shape):
    with pytest.raises(ValueError, match="`flow`"):
        flow_grid(np.zeros(shape, "float32"))


@pytest.mark.parametrize(
    ("floatx", "expected"),
    [("float16", "float32"), ("bfloat16", "float32"), ("float64", "float64")],
)
def test_the_identity_grid_has_the_precision_of_floatx_but_at_least_float32(floatx, expected):
    usual = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        with double_precision():
            grid = identity_grid((2, 300))
    finally:
        keras.config.set_floatx(usual)
    assert keras.backend.standardize_dtype(grid.dtype) == expected
    np.testing.assert_allclose(to_numpy(grid), regular_grid((2, 300), False), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
def test_an_identity_of_low_precision_is_refused(dtype):
    with pytest.raises(ValueError, match="`dtype` must be"):
        identity_grid((2, 3), dtype=dtype)


@pytest.mark.training
def test_an_identity_in_double_precision():
    with double_precision():
        grid = to_numpy(identity_grid((3, 7), dtype="float64"))
    assert grid.dtype == "float64"
    np.testing.assert_allclose(grid, regular_grid((3, 7)), atol=1e-15)


def test_sizes_may_be_a_list_and_integers_of_numpy():
    expected = to_numpy(identity_grid((2, 3)))
    for shape in ([2, 3], (np.int64(2), np.int32(3)), list(np.array([2, 3]))):
        np.testing.assert_array_equal(to_numpy(identity_grid(shape)), expected)


def test_the_bound_of_a_camera_is_that_of_its_own_last_row():
    """`w` is 2^-18 at the first pixel, with a last row whose largest number is 1, and 2^10."""
    theta = np.zeros((2, 3, 3), "float32")
    theta[:, 0, 0], theta[:, 1, 1] = 2.0**10, 2.0**-10
    theta[0, 2], theta[1, 2] = [1.0, 0.0, 0.5 + 2.0**-18], [2.0**10, 0.0, 2.0**9 + 2.0**-10]
    grid = to_numpy(projective_grid(theta, (2, 2)))[:, 0, 0]
    np.testing.assert_allclose(grid[0], [-(2.0**27), -(2.0**7)], rtol=1e-6)
    np.testing.assert_allclose(grid[1], [1e6, 1e6])  # 2^-10 is less than a millionth of 2^10
