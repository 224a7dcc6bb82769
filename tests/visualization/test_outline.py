"""Pixel coordinates of the border of grids with known regions."""

import numpy as np
import pytest

from keras_attn import ops
from keras_attn.visualization.outline import border, extended, is_curved, to_pixels
from tests.backend import to_numpy


def corners(theta, output_size, image_size, align_corners):
    """Returns the corners of a region in pixels, clockwise from the output's top left."""
    grid = to_numpy(ops.affine_grid(np.asarray(theta, "float32"), output_size, align_corners))
    sides = border(extended(to_pixels(grid, image_size, align_corners)))
    for side, following in zip(sides, (*sides[1:], sides[0]), strict=True):
        np.testing.assert_allclose(side[-1], following[0])
    return np.asarray([side[0] for side in sides])


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(6, 6), (5, 8), (28, 3)])
def test_an_identity_draws_the_edge_of_the_image(size, align_corners):
    height, width = size
    found = corners(np.eye(2, 3), size, size, align_corners)
    left, top, right, bottom = -0.5, -0.5, width - 0.5, height - 0.5
    expected = [[left, top], [right, top], [right, bottom], [left, bottom]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_zoom_draws_its_box():
    zoom = [[0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]
    found = corners(zoom, (7, 5), (8, 16), align_corners=False)
    expected = [[3.5, 2.5], [11.5, 2.5], [11.5, 4.5], [3.5, 4.5]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_zoom_draws_its_box_between_centres():
    """With `align_corners` the centers of the outer pixels lie on the box of the zoom."""
    zoom = [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]
    found = corners(zoom, (3, 5), (9, 17), align_corners=True)
    # The centers lie at 2 and 6 of 0..8, and at 4 and 12 of 0..16, 2 pixels apart.
    np.testing.assert_allclose(found, [[3, 1], [13, 1], [13, 7], [3, 7]], atol=1e-4)


def test_a_shift_moves_the_region_by_pixels():
    shift = [[1.0, 0.0, 2 / 8], [0.0, 1.0, -4 / 8]]
    found = corners(shift, (8, 8), (8, 8), align_corners=False)
    np.testing.assert_allclose(found[0], [0.5, -2.5], atol=1e-4)


def test_the_border_starts_at_the_output_s_top_left():
    mirrored = corners([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], (4, 4), (4, 4), False)
    np.testing.assert_allclose(mirrored[:2], [[3.5, -0.5], [-0.5, -0.5]], atol=1e-4)
    quarter_turn = corners([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]], (4, 4), (4, 4), False)
    np.testing.assert_allclose(quarter_turn[:2], [[3.5, -0.5], [3.5, 3.5]], atol=1e-4)


def test_one_pixel_has_a_border():
    found = corners(np.eye(2, 3), (1, 1), (3, 3), align_corners=False)
    np.testing.assert_allclose(found, [[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5]])


def test_points_behind_the_camera_and_non_finite_ones_break_the_line():
    grid = np.array([[0.0, 0.0], [1e6, 1e6], [np.nan, 0.0], [np.inf, 0.0]])
    found = to_pixels(grid, (4, 4))
    np.testing.assert_allclose(found[0], [1.5, 1.5])
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(("bend", "curved"), [(0.4, False), (0.5, True)])
def test_a_bend_of_a_quarter_of_a_pixel_is_not_drawn(bend, curved):
    x, y = np.meshgrid(np.arange(9.0), np.arange(7.0))
    # At nine points the ends of a parabola are 0.58 times its height off the best line.
    pixels = np.stack([x, y + bend * ((x - 4) / 4) ** 2], axis=-1)
    assert is_curved(pixels) is curved
    pixels[2, 3] = np.nan
    assert is_curved(pixels) is curved


def test_only_grids_that_are_not_affine_are_curved(generator):
    theta = generator.normal(size=(2, 3)).astype("float32")
    grid = to_numpy(ops.affine_grid(theta, (9, 7)))
    assert not is_curved(to_pixels(grid, (12, 12)))
    bend = 0.3 * generator.normal(size=(16, 2)).astype("float32")
    grid = to_numpy(ops.thin_plate_spline_grid(bend, (9, 7)))
    assert is_curved(to_pixels(grid, (12, 12)))
    assert not is_curved(np.full((2, 2, 2), np.nan))
