"""Matrices and boxes of distorted images that are not square."""

import numpy as np
import pytest

from keras_attn import datasets

# Uses no tensors.
pytestmark = pytest.mark.once

HEIGHT, WIDTH = 20, 30
# A point of the image, from its middle.
X, Y = 4.0, -3.0


def spots(num=40):
    """Returns images with a small smooth spot beside the middle."""
    across, down = np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - (HEIGHT - 1) / 2
    spot = np.exp(-((across - X) ** 2 + (down[:, None] - Y) ** 2) / (2 * 1.3**2))
    return np.repeat(spot[None, ..., None], num, axis=0)


@pytest.mark.parametrize("kind", ["none", "R", "RTS", "T"])
def test_theta_moves_points_as_the_image_moves(kind):
    out, theta = datasets.distort(spots(), kind, return_theta=True)
    rows, columns = out.shape[1:3]
    mass = out.sum(axis=(1, 2, 3))
    x = out[..., 0].sum(axis=1) @ (np.arange(columns) + 0.5) / mass
    y = out[..., 0].sum(axis=2) @ (np.arange(rows) + 0.5) / mass
    # Normalized coordinates reach from -1 to 1 between the edges of an image.
    expected = (theta @ [2 * X / WIDTH, 2 * Y / HEIGHT, 1] + 1) * [columns / 2, rows / 2]
    np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=0.05)


@pytest.mark.parametrize("kind", ["none", "R", "RTS", "T"])
def test_boxes_are_those_of_the_four_corners(kind):
    out, theta, boxes = datasets.distort(spots(), kind, return_theta=True, return_boxes=True)
    rows, columns = out.shape[1:3]
    for matrix, box in zip(theta, boxes, strict=True):
        corners = np.array([matrix @ [x, y, 1] for x in (-1, 1) for y in (-1, 1)])
        x, y = (corners[:, 0] + 1) * columns / 2, (corners[:, 1] + 1) * rows / 2
        x, y = np.clip(x, 0, columns), np.clip(y, 0, rows)
        np.testing.assert_allclose(box, [x.min(), y.min(), x.max(), y.max()], atol=1e-3)
    if kind == "none":
        np.testing.assert_allclose(boxes, np.tile([0, 0, WIDTH, HEIGHT], (len(boxes), 1)))


@pytest.mark.parametrize("axis", [1, 2])
def test_sequences_are_those_of_images_with_a_black_margin(axis):
    digits, labels = datasets.glyph_digits("test", num_examples=20)
    images = np.take(digits, np.arange(3, 25), axis=axis)
    margin = [(0, 0)] * 4
    margin[axis] = (3, 3)
    expected = datasets.digit_sequences(np.pad(images, margin), labels, num_sequences=12)
    for found, each in zip(
        datasets.digit_sequences(images, labels, num_sequences=12), expected, strict=True
    ):
        np.testing.assert_allclose(found, each, atol=1e-4)


def test_sequences_of_digits_that_overlap_stay_in_range():
    crops, _ = datasets.digit_sequences(np.ones((3, 28, 28, 1)), np.arange(3), num_sequences=20)
    assert crops.max() == 1
