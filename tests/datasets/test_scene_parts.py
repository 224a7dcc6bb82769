"""Shapes of scenes, how they are drawn, and all sentences about some objects."""

import sys

import numpy as np
import pytest

from keras_attn.datasets import described_scenes
from keras_attn.datasets.described_scenes import SHAPES, Thing
from keras_attn.datasets.scene_language import sentences

# Uses no tensors.
pytestmark = pytest.mark.once

MODULE = sys.modules["keras_attn.datasets.described_scenes"]
# Part of its square that a shape covers, by its geometry.
AREAS = {
    "circle": np.pi * 0.95**2 / 4,
    "square": 0.85**2,
    # 1.75 high, 1.96 wide.
    "triangle": 1.75 * 1.96 / 2 / 4,
    "diamond": 2 / 4,
    # Two bars of 0.56 by 1.9 that cross.
    "cross": (2 * 0.56 * 1.9 - 0.56**2) / 4,
    "ring": np.pi * (0.95**2 - 0.55**2) / 4,
    # Ten triangles with sides of 1 and 0.42 around an angle of 36 degrees.
    "star": 10 * np.sin(np.pi / 5) * 0.42 / 2 / 4,
}
# Points `(x, y)` from -1 to 1, y downwards, inside and outside.
POINTS = {
    "circle": ([(0, 0), (0.65, 0.65), (0, -0.93)], [(0.7, 0.7), (0.98, 0)]),
    "square": ([(0.82, -0.82), (0, 0)], [(0.9, 0), (0, -0.9)]),
    "triangle": ([(0, -0.85), (0.9, 0.75), (-0.9, 0.75)], [(0.3, -0.6), (0, 0.85), (0.9, 0)]),
    "diamond": ([(0.95, 0), (0, 0.95), (0.45, -0.5)], [(0.6, 0.6), (-0.6, -0.6)]),
    "cross": ([(0.9, 0.2), (-0.2, -0.9), (0, 0)], [(0.4, 0.4), (0.98, 0)]),
    "ring": ([(0.75, 0), (0, -0.6), (0, 0.93)], [(0, 0), (0.5, 0), (0.7, 0.7)]),
    # One tip is at the top and a notch opposite.
    "star": ([(0, -0.95), (0, 0.38), (0.87, -0.28), (-0.87, -0.28)], [(0, 0.5), (0.5, -0.7)]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_their_outline(shape):
    ink = MODULE._shapes()[SHAPES.index(shape), ..., 0]
    assert ink.shape == (80, 80)
    assert set(np.unique(ink)) == {0, 1}
    # The first and the last of 80 pixels have their centres at the edges.
    np.testing.assert_allclose(ink.mean(), AREAS[shape] * (79 / 80) ** 2, rtol=0.03)
    np.testing.assert_array_equal(ink, ink[:, ::-1])
    for points, value in zip(POINTS[shape], (1, 0), strict=True):
        for x, y in points:
            row, column = (round((each + 1) / 2 * 79) for each in (y, x))
            assert ink[row, column] == value, (x, y)


def test_a_smaller_picture_has_the_mean_of_its_pixels(generator):
    picture = np.outer(generator.random(80) < 0.5, generator.random(80) < 0.5)
    image = np.zeros((30, 40, 3), "float32")
    thing = Thing("star", "white", "large", (6, 11, 26, 31))
    MODULE._paste(image, picture[..., None].astype("float32"), thing)
    expected = np.zeros((30, 40))
    expected[6:26, 11:31] = picture.reshape(20, 4, 20, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(image, np.repeat(expected[..., None], 3, axis=-1), atol=1e-6)


def test_a_larger_picture_is_interpolated():
    # Brightness rises from left to right, and falls from above.
    across, down = np.arange(10) / 9, 1 - np.arange(10) / 18
    image = np.zeros((20, 20, 3), "float32")
    picture = np.outer(down, across)[..., None].astype("float32")
    MODULE._paste(image, picture, Thing("star", "white", "large", (0, 0, 20, 20)))
    # Every pixel of the picture is two of the image.
    places = (np.arange(20) + 0.5) / 2 - 0.5
    expected = np.outer(1 - places / 18, places / 9)
    np.testing.assert_allclose(image[1:-1, 1:-1, 1], expected[1:-1, 1:-1], atol=1e-5)


def thing(noun, colour, size, centre):
    (y, x), side = centre, 6
    return Thing(noun, colour, size, (y - side // 2, x - side // 2, y + side // 2, x + side // 2))


@pytest.mark.parametrize(
    ("centre", "ways", "side"),
    [
        ((12, 40), ("left of", "right of"), "on the left there is {0} and on the right {1}"),
        ((12, 4), ("right of", "left of"), "on the left there is {1} and on the right {0}"),
        ((40, 12), ("above", "below"), "at the top there is {0} and at the bottom {1}"),
        ((4, 12), ("below", "above"), "at the top there is {1} and at the bottom {0}"),
    ],
)
def test_all_sentences_about_two_objects(centre, ways, side):
    ring, star = thing("ring", "red", "small", (12, 12)), thing("star", "blue", "large", centre)
    expected = set()
    for first, second in (
        ("a small red ring", "a large blue star"),
        ("a red ring", "a blue star"),
    ):
        expected.add(side.format(first, second))
        for begin in ("", "there is "):
            expected.add(f"{begin}{first} {ways[0]} {second}")
            expected.add(f"{begin}{second} {ways[1]} {first}")
    found = sentences([ring, star])
    assert len(found) == 10
    assert set(found) == expected


def test_all_sentences_about_three_objects():
    things = [
        thing("ring", "red", "small", (9, 9)),
        thing("star", "blue", "large", (30, 30)),
        thing("cross", "white", "small", (9, 50)),
    ]
    expected = set()
    for left, middle, right in (
        ("a small red ring", "a large blue star", "a small white cross"),
        ("a red ring", "a blue star", "a white cross"),
    ):
        expected.add(f"{left}, {middle} and {right}")
        expected.add(f"from left to right {left}, {middle} and {right}")
        expected.add(f"from right to left {right}, {middle} and {left}")
    found = sentences(things)
    assert len(found) == 6
    assert set(found) == expected


def test_digits_in_color_are_drawn_by_their_first_channel():
    images = np.zeros((3, 28, 28, 3))
    images[:, 6:22, 8:20, 0] = 1
    labels = np.array([1, 2, 3])
    grey = described_scenes(num_scenes=2, digits=(images[..., :1], labels))
    color = described_scenes(num_scenes=2, digits=(images, labels))
    np.testing.assert_array_equal(color.images, grey.images)
    assert color.captions == grey.captions
