"""Positions of pixels in warped images, and the ground truth of warps."""

import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.warps import AffineWarp, ElasticWarp, ProjectiveWarp

# Uses no tensors.
pytestmark = pytest.mark.once

AFFINE = ("none", "R", "RTS", "T", "TC")


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=100, seed=1)[0]


def bilinear(image, x, y):
    """Returns the value of an image `(height, width)` at a point in pixels; zero outside."""
    left, top = int(np.floor(x)), int(np.floor(y))
    value = 0.0
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                value += (1 - abs(y - row)) * (1 - abs(x - column)) * image[row, column]
    return value


def sample_frame(canvas, theta, size=28):
    """Returns the frame that `theta` maps to the canvas, sampled pixel by pixel."""
    out = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            point = theta @ [(2 * column + 1) / size - 1, (2 * row + 1) / size - 1, 1]
            x, y = ((point + 1) * len(canvas) - 1) / 2
            out[row, column] = bilinear(canvas, x, y)
    return out


@pytest.mark.parametrize("kind", ["none", "R", "RTS", "T"])
def test_theta_undoes_the_distortion(digits, kind):
    out, theta = datasets.distort(digits, kind, return_theta=True)
    assert theta.shape == (100, 2, 3)
    assert theta.dtype == np.float32
    for number in range(3):
        back = sample_frame(out[number, ..., 0], theta[number])
        error = np.abs(back - digits[number, ..., 0]).mean()
        # Two interpolations blur edges; digits that differ are five times as far apart.
        assert error < (1e-6 if kind in ("none", "T") else 0.045)


@pytest.mark.parametrize("kind", AFFINE)
def test_boxes_hold_the_digit(digits, kind):
    distractors = {"distractors": np.zeros((1, 28, 28, 1))} if kind == "TC" else {}
    out, boxes = datasets.distort(digits, kind, return_boxes=True, **distractors)
    assert boxes.shape == (100, 4)
    centre = np.arange(out.shape[1]) + 0.5
    for image, (x_min, y_min, x_max, y_max) in zip(out[..., 0], boxes, strict=True):
        # A bilinear tap reaches one scaled pixel beyond the frame.
        rows = (centre > y_min - 1.2) & (centre < y_max + 1.2)
        columns = (centre > x_min - 1.2) & (centre < x_max + 1.2)
        assert image.sum() > 0
        assert image[~rows].sum() + image[:, ~columns].sum() < 1e-6
    assert boxes.min() >= 0
    assert boxes.max() <= out.shape[1]


def test_theta_and_boxes_together(digits):
    out, theta, boxes = datasets.distort(digits, "T", return_theta=True, return_boxes=True)
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], 28, atol=1e-4)
    centre = (theta[:, :, 2] + 1) * 30
    np.testing.assert_allclose((boxes[:, :2] + boxes[:, 2:]) / 2, centre, atol=1e-4)
    x, y = boxes[0, :2].round().astype(int)
    np.testing.assert_array_equal(out[0, y : y + 28, x : x + 28], digits[0])


def test_rotation_keeps_the_mass():
    image = np.zeros((200, 28, 28, 1))
    image[:, 8:18, 11:17] = 1
    mass = datasets.rotated(image).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(mass, 60, rtol=0.05)


def test_right_angles_are_exact():
    image = np.random.default_rng(0).random((3, 9, 9, 2)).astype("float32")
    turn = {"angle": np.float32([np.pi / 2] * 3), "scale": np.ones(3, "float32")}
    turn["shift"] = np.zeros((3, 2), "float32")
    # Positive angles turn counter-clockwise, as seen.
    expected = np.rot90(image, axes=(1, 2))
    np.testing.assert_allclose(AffineWarp(90.0).apply(image, turn), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.3, 2.0, None])
def test_projective_is_the_homography_of_its_corners(generator, sigma):
    """The homography is the null vector of the eight equations of four pairs of points."""
    images = generator.random((3, 9, 12, 1))
    warp = ProjectiveWarp((0.75, 1.0), sigma or 0.0)
    # Without noise, a quadrilateral whose sides meet between it and the output center.
    corners = np.array([[[-0.5, 1.7], [0.5, 1.7], [4.8, 6.0], [-4.8, 6.0]]] * 3)
    if sigma is not None:
        corners = warp.draw(3, (9, 12, 1), 0)["corners"]
    out = warp.apply(images.astype("float32"), {"corners": corners})
    for image, warped, quadrilateral in zip(images, out, corners, strict=True):
        equations = []
        frame = [(-6, -4.5), (6, -4.5), (6, 4.5), (-6, 4.5)]
        for (x, y), (u, v) in zip(quadrilateral, frame, strict=True):
            equations.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
            equations.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
        matrix = np.linalg.svd(np.array(equations))[2][-1].reshape(3, 3)
        # Its center lies in front of the camera.
        front = np.sign(matrix[2] @ [*quadrilateral.mean(axis=0), 1])
        for row in range(9):
            for column in range(12):
                x, y, depth = front * matrix @ [column - 5.5, row - 4, 1]
                expected = 0.0
                if depth > 0:
                    expected = bilinear(image[..., 0], x / depth + 5.5, y / depth + 4)
                assert warped[row, column, 0] == pytest.approx(expected, abs=1e-4)


def test_projective_without_noise_is_a_scale(digits):
    out = datasets.projected(digits, scale_range=(0.8, 0.8), sigma=0)
    drawn = {
        "angle": np.zeros(100, "float32"),
        "scale": np.full(100, 0.8, "float32"),
        "shift": np.zeros((100, 2), "float32"),
    }
    np.testing.assert_allclose(out, AffineWarp(0.0).apply(digits, drawn), atol=1e-4)


def test_elastic_without_noise_is_a_scale(digits):
    out = datasets.elastically_warped(digits, scale_range=(0.8, 0.8), sigma=0)
    expected = datasets.projected(digits, scale_range=(0.8, 0.8), sigma=0)
    np.testing.assert_allclose(out, expected, atol=1e-4)


@pytest.mark.parametrize(("scale", "rows", "columns"), [(1.0, 4, 4), (0.75, 3, 5)])
def test_elastic_is_the_thin_plate_spline_of_scipy(scale, rows, columns):
    interpolate = pytest.importorskip("scipy.interpolate")
    warp = ElasticWarp((scale, scale), 1.5, (rows, columns))
    drawn = warp.draw(2, (28, 20, 1), 0)
    image = np.random.default_rng(0).random((2, 28, 20, 1)).astype("float32")
    y, x = np.meshgrid(np.linspace(-14, 14, rows), np.linspace(-10, 10, columns), indexing="ij")
    unit = np.column_stack([x.ravel() / 10, y.ravel() / 14])
    pixel_y, pixel_x = np.meshgrid(np.arange(28) - 13.5, np.arange(20) - 9.5, indexing="ij")
    points = np.column_stack([pixel_x.ravel() / 10, pixel_y.ravel() / 14])
    for number in range(2):
        spline = interpolate.RBFInterpolator(
            unit, drawn["displacement"][number], kernel="thin_plate_spline"
        )
        moved = spline(points).reshape(28, 20, 2)
        out = warp.apply(image, drawn)[number]
        for row in range(28):
            for column in range(20):
                x, y = (moved[row, column] + [column - 9.5, row - 13.5]) / scale + [9.5, 13.5]
                expected = bilinear(image[number, ..., 0], x, y)
                assert out[row, column, 0] == pytest.approx(expected, abs=1e-3)


def test_one_pixel():
    pixel = np.ones((20, 1, 1, 1))
    np.testing.assert_allclose(datasets.distort(pixel, "R"), pixel, atol=1e-6)
    np.testing.assert_array_equal(datasets.distort(pixel, "T").sum(axis=(1, 2, 3)), 1.0)
    for kind in ("RTS", "P", "E"):
        out = datasets.distort(pixel, kind)
        assert out.min() >= 0.0
        assert out.max() <= 1.0 + 1e-6
