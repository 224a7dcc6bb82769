"""Grids of every transformation under every combination of options."""

import numpy as np
import pytest

from keras_attn import GridGenerator
from tests.ops.functions import numpy_call
from tests.oracles.transformations import inverse as inverted
from tests.oracles.transformations import matrix_grid, regular_grid, spline_grid

aligned = pytest.mark.parametrize("align_corners", [False, True])


def check_heads(generator_layer, theta, expected):
    """Compares the grids of two heads, of one, and of flat parameters."""
    inputs = [theta, theta[:, 0]]
    if generator_layer.transformation != "flow":
        inputs.append(theta[:, 1].reshape(len(theta), -1))
    found = numpy_call(lambda *tensors: [generator_layer(each) for each in tensors], *inputs)
    wanted = [expected, expected[:, 0], expected[:, 1]]
    for grid, other in zip(found, wanted, strict=False):
        assert grid.shape == other.shape
        np.testing.assert_allclose(grid, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("transformation", ["affine", "projective"])
@pytest.mark.parametrize("size", [(3, 4), (1, 3), (2, 3, 2)])
@pytest.mark.parametrize("inverse", [False, True])
@aligned
def test_matrices(generator, transformation, size, inverse, align_corners):
    rows, columns = len(size) + (transformation == "projective"), len(size) + 1
    theta = np.eye(rows, columns) + 0.1 * generator.normal(size=(2, 2, rows, columns))
    theta = theta.astype("float32")
    layer = GridGenerator(transformation, size, inverse=inverse, align_corners=align_corners)
    expected = matrix_grid(inverted(theta) if inverse else theta, size, align_corners)
    check_heads(layer, theta, expected)


@pytest.mark.parametrize(
    ("size", "control_points"),
    [((3, 4), (2, 3)), ((4, 1), [[-1, -1], [1, -0.5], [0.2, 1]]), ((2, 1, 3), (2, 2, 2))],
)
@aligned
def test_splines(generator, size, control_points, align_corners):
    count = len(control_points) if np.ndim(control_points) == 2 else np.prod(control_points)
    theta = 0.2 * generator.normal(size=(2, 2, count, len(size))).astype("float32")
    layer = GridGenerator("thin_plate_spline", size, control_points, align_corners=align_corners)
    expected = spline_grid(theta, size, control_points, align_corners)
    check_heads(layer, theta, expected)


@pytest.mark.parametrize("size", [(3, 4), (2, 1, 3)])
@aligned
def test_flows(generator, size, align_corners):
    theta = generator.normal(size=(2, 2, *size, len(size))).astype("float32")
    layer = GridGenerator("flow", align_corners=align_corners)
    check_heads(layer, theta, regular_grid(size, align_corners) + theta)
