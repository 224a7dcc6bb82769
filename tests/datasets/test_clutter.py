"""Crops of other images on a canvas: number, size, and values."""

import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.clutter import Clutter

# Uses no tensors.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=100, seed=1)[0]


BLANK = np.zeros((50, 28, 28, 1))
# So faint that not even all crops in one place reach 1.
GREY = np.full((1, 28, 28, 1), 2**-10)
OPTIONS = {"size": 70, "distractors": GREY, "num_distractors": 3, "distractor_size": 5}


@pytest.mark.parametrize(
    ("clutter", "size", "num_distractors", "distractor_size"),
    [
        # Jaderberg et al.
        (lambda: datasets.distort(BLANK, "TC", distractors=GREY), 60, 16, 6),
        (lambda: datasets.co_localization(BLANK, [7] * 50, 7, 50, distractors=GREY)[0], 84, 16, 6),
        # Mnih et al.
        (lambda: datasets.cluttered(BLANK, distractors=GREY), 60, 4, 8),
        (lambda: datasets.cluttered(BLANK, 100, 8, distractors=GREY), 100, 8, 8),
        # Options of one's own.
        (lambda: datasets.distort(BLANK, "TC", **OPTIONS), 70, 3, 5),
        (lambda: datasets.cluttered(BLANK, **OPTIONS), 70, 3, 5),
        (lambda: datasets.DistortedDigits(BLANK, [0] * 50, "TC", **OPTIONS)[0][0], 70, 3, 5),
    ],
    ids=["TC", "co_localization", "60", "100", "distort", "cluttered", "batches"],
)
def test_every_canvas_has_all_its_crops(clutter, size, num_distractors, distractor_size):
    out = clutter()
    assert out.shape == (50, size, size, 1)
    mass = num_distractors * distractor_size**2 * 2**-10
    np.testing.assert_allclose(out.sum(axis=(1, 2, 3)), mass, rtol=1e-6)


def test_clutter_is_added_to_the_digit(digits):
    clean = datasets.translated(digits, seed=np.random.SeedSequence(5, spawn_key=(0,)))
    out, boxes = datasets.cluttered(digits, num_distractors=16, seed=5, return_boxes=True)
    assert (out >= clean).all()
    assert (out > clean).any()
    corner = boxes[:, :2].round().astype(int)
    for number, (x, y) in enumerate(corner):
        np.testing.assert_array_equal(clean[number, y : y + 28, x : x + 28], digits[number])


def test_clutter_by_hand():
    """Crops are added at the places of the draw, and the sum is clipped."""
    rng = np.random.default_rng(0)
    canvas, source = rng.random((5, 12, 14, 2), "float32"), rng.random((3, 6, 7, 2), "float32")
    clutter = Clutter(3, 4)
    drawn = clutter.draw(5, (12, 14), source.shape, own=False, seed=0)
    expected = canvas.astype("float64")
    for row in range(5):
        for number in range(3):
            (x, y), (from_x, from_y) = drawn["place"][row, number], drawn["origin"][row, number]
            piece = source[drawn["image"][row, number], from_y : from_y + 4, from_x : from_x + 4]
            expected[row, y : y + 4, x : x + 4] += piece
    out = clutter.apply(canvas.copy(), source, drawn)
    np.testing.assert_allclose(out, np.minimum(expected, 1), atol=1e-6)


def test_clutter_of_a_batch_is_that_of_the_function(digits):
    options = {"size": 100, "num_distractors": 8, "distractor_size": 8}
    batches = datasets.DistortedDigits(
        digits, np.zeros(len(digits), int), "TC", len(digits), shuffle=False, **options
    )
    fresh = datasets.cluttered(digits, seed=[0, 0], **options)
    np.testing.assert_array_equal(batches[0][0], fresh)
