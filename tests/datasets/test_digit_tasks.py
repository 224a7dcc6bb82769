"""Pairs, sequences and co-localization: labels, and random numbers measured in the images."""

import numpy as np
import pytest

from keras_attn import datasets
from tests.datasets.ellipse import HEIGHT, NUM, WIDTH, check_rts, ellipse, measured
from tests.moments import check_independent, check_integers, check_moments, check_uniform

# Uses no tensors.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=200, seed=1)


@pytest.fixture(scope="module")
def levels():
    """Ten uniform images, whose grey level identifies the label."""
    labels = np.arange(10)
    images = np.broadcast_to((labels[:, None, None, None] + 1) / 10, (10, 28, 28, 1))
    return images, labels


def test_pairs_add_up(levels):
    pairs, sums = datasets.digit_pairs(*levels, num_pairs=300)
    assert pairs.shape == (300, 42, 42, 2)
    assert pairs.dtype == np.float32
    assert sums.dtype == np.int32
    first, second = np.rint(pairs.max(axis=(1, 2)) * 10 - 1).T
    np.testing.assert_array_equal(sums, first + second)
    assert sums.min() == 0
    assert sums.max() == 18
    assert np.abs(np.corrcoef(first, second)[0, 1]) < 0.2


def test_each_digit_of_a_pair_is_distorted_by_rts():
    pairs, _ = datasets.digit_pairs(ellipse()[None], [3], num_pairs=NUM)
    columns = []
    for channel in range(2):
        angle, scale, shift = measured(pairs[..., channel])
        check_rts(angle, scale, shift, 42)
        columns += [angle, scale, *(shift / (42 - scale[:, None] * [WIDTH, HEIGHT])).T]
    check_independent(*columns)


def test_short_sequences_end_with_blanks(levels):
    crops, sequences = datasets.digit_sequences(*levels, num_sequences=200, max_length=4)
    assert crops.shape == (200, 64, 64, 1)
    assert sequences.shape == (200, 4)
    assert sequences.dtype == np.int32
    length = (sequences < 10).sum(axis=1)
    np.testing.assert_array_equal(np.unique(length), [1, 2, 3, 4])
    for sequence, count in zip(sequences, length, strict=True):
        assert (sequence[:count] < 10).all()
        assert (sequence[count:] == 10).all()


def test_digits_of_a_sequence_are_ordered_from_left_to_right_inside_the_crop():
    """Digits are small squares, whose brightness identifies the label."""
    images = np.zeros((10, 28, 28, 1))
    images[:, 8:20, 10:18] = (np.arange(10)[:, None, None, None] + 1) / 10
    crops, sequences = datasets.digit_sequences(images, np.arange(10), num_sequences=100)
    assert crops.min() >= 0
    assert crops.max() <= 1
    for crop, sequence in zip(crops[..., 0], sequences, strict=True):
        columns = np.flatnonzero(crop.max(axis=0) > 0.05)
        blobs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
        seen = [round(crop[:, blob].max() * 10 - 1) for blob in blobs]
        np.testing.assert_array_equal(seen, sequence[sequence < 10])
        assert crop[[0, -1]].sum() == 0


def test_sequences_do_not_depend_on_their_number(digits):
    many = datasets.digit_sequences(*digits, num_sequences=90, seed=4)
    few = datasets.digit_sequences(*digits, num_sequences=40, seed=4)
    pairs = datasets.digit_pairs(*digits, num_pairs=90, seed=4)
    fewer = datasets.digit_pairs(*digits, num_pairs=40, seed=4)
    for whole, part in zip((*many, *pairs), (*few, *fewer), strict=True):
        np.testing.assert_array_equal(part, whole[:40])
    assert not np.array_equal(few[0], datasets.digit_sequences(*digits, 40, seed=5)[0])
    assert not np.array_equal(fewer[0], datasets.digit_pairs(*digits, 40, seed=5)[0])
    assert len(datasets.digit_pairs(*digits)[0]) == 200
    assert len(datasets.digit_sequences(*digits)[0]) == 200


def uniform_moments(low, high):
    """Returns the mean and the mean square of a uniform variable."""
    return (low + high) / 2, (low**2 + low * high + high**2) / 3


@pytest.fixture(scope="module")
def rows():
    """Labels of many sequences, and the size and position of each digit, from the center.

    The digits are small blobs, whose brightness identifies the label; a size is that of the square
    that the ink of a digit fills, 20 of 28 pixels in MNIST.
    """
    blob = np.exp(-((np.arange(28) - 13.5) ** 2) / (2 * 1.5**2))
    images = np.multiply.outer(np.arange(1, 11) / 10, np.outer(blob, blob))[..., None]
    crops, sequences = datasets.digit_sequences(images, np.arange(10), NUM)
    assert crops.shape == (NUM, 64, 64, 1)
    assert sequences.shape == (NUM, 5)
    digits = []
    middle = np.arange(64) - 31.5
    for crop, sequence in zip(crops[..., 0].astype("float64"), sequences, strict=True):
        columns = np.flatnonzero(crop.sum(axis=0) > 2e-3)
        parts = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
        labels = sequence[sequence < 10]
        assert len(parts) == len(labels)
        row = []
        for part, label in zip(parts, labels, strict=True):
            piece = crop[:, part]
            mass = piece.sum()
            scale = np.sqrt(mass / images[label].sum())
            row.append(
                (20 * scale, piece.sum(axis=0) @ middle[part] / mass,
                 piece.sum(axis=1) @ middle / mass)
            )  # fmt: skip
        digits.append(np.array(row))
    return sequences, digits


def largest(length):
    """Returns the largest size of digits: rows fit in the crop, digits in 60 % of its height."""
    return min(64 / (0.85 * length), 0.6 * 64)


def test_sequences_have_1_to_5_digits_of_any_kind(rows):
    sequences, digits = rows
    lengths = np.array([len(row) for row in digits])
    check_integers(lengths, 1, 5)
    np.testing.assert_array_equal(sequences < 10, np.arange(5) < lengths[:, None])
    check_integers(sequences[sequences < 10], 0, 9)
    check_independent(*sequences[lengths == 5].T)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_digits_are_up_to_10_percent_smaller_than_their_row(rows, length):
    size = np.stack([row[:, 0] for row in rows[1] if len(row) == length]) / largest(length)
    assert size.min() >= 0.8 * 0.9 - 0.01
    assert size.max() <= 1.01
    # The row, 0.8 to 1, times 0.9 to 1 for each digit.
    (row, row_square), (digit, digit_square) = uniform_moments(0.8, 1), uniform_moments(0.9, 1)
    variance = row_square * digit_square - (row * digit) ** 2
    for column in size.T:
        check_moments(column, row * digit, variance, error=0.003)
    if length > 1:
        ratio = size[:, 0] / size[:, 1]
        assert 0.9 - 0.01 < ratio.min() < 0.93
        assert 1 / 0.93 < ratio.max() < 1 / 0.9 + 0.01
        # Two uniform variables of which each is divided by their mean.
        logarithm = np.log(ratio)
        spread = (0.1 / 0.95) ** 2 / 12
        check_moments(logarithm, 0, 2 * spread, error=0.003)


@pytest.mark.parametrize("length", [3, 5])
def test_digits_are_up_to_5_percent_off_their_place(rows, length):
    _, x, y = np.moveaxis(np.stack([row for row in rows[1] if len(row) == length]), -1, 0)
    row, row_square = uniform_moments(0.8 * largest(length), largest(length))
    check_moments(
        x[:, 1] - x[:, 0],
        0.85 * row,
        0.85**2 * (row_square - row**2) + row_square * 2 * 0.1**2 / 12,
        error=0.02,
    )
    # Evenly spaced and level, but for the jitter of three digits.
    for place in (x, y):
        bend = place[:, 0] - 2 * place[:, 1] + place[:, 2]
        check_moments(bend, 0, row_square * 6 * 0.1**2 / 12, error=0.02)
        assert np.abs(bend).max() <= 0.2 * largest(length) + 0.05
    offset = y[:, 1] - y[:, 0]
    check_moments(offset, 0, row_square * 2 * 0.1**2 / 12, error=0.02)
    assert 0.07 * largest(length) < np.abs(offset).max() <= 0.1 * largest(length) + 0.05
    check_independent(offset, x[:, 1] - x[:, 0])


@pytest.mark.parametrize("length", [1, 3])
def test_rows_are_anywhere_in_the_crop(rows, length):
    chosen = [row for row in rows[1] if len(row) == length]
    size, x, y = np.moveaxis(np.stack(chosen), -1, 0)
    low, high = 0.8 * largest(length), largest(length)
    ink = np.linspace(low, high, 10_001)
    for place, free in ((x, 64 - 0.85 * length * ink), (y, 64 - ink)):
        # The middle of the row, from the middles of its digits.
        middle = place.mean(axis=1)
        jitter = 0.1**2 / 12 * np.mean(ink**2) / length
        variance = np.mean(free**2) / 12 + jitter
        check_moments(middle, 0, variance, error=0.02)
        assert np.abs(middle).max() <= free.max() / 2 + 0.05 * high + 0.05
    assert np.abs(y.mean(axis=1)).max() > 0.9 * (64 - high) / 2
    check_independent(x.mean(axis=1), y.mean(axis=1))
    assert size.min() > 0


@pytest.mark.parametrize("clutter", [False, True])
def test_co_localization(levels, clutter):
    images, labels = (np.repeat(array, 20, axis=0) for array in levels)
    scenes, boxes = datasets.co_localization(images, labels, 9, num_images=20, clutter=clutter)
    assert scenes.shape == (20, 84, 84, 1)
    assert boxes.shape == (20, 4)
    for scene, box in zip(scenes, boxes, strict=True):
        x_min, y_min, x_max, y_max = np.rint(box).astype(int)
        assert (x_max - x_min, y_max - y_min) == (28, 28)
        # Label 9 is white.
        np.testing.assert_array_equal(scene[y_min:y_max, x_min:x_max], 1)
        outside = scene.sum() - 28 * 28
        assert (outside > 0) == clutter


def test_co_localized_digits_are_anywhere_in_84_pixels():
    images = np.zeros((NUM + 50, 28, 28, 1), "float32")
    images[:, 0, 0] = np.linspace(0.1, 1, NUM + 50)[:, None]
    labels = np.arange(NUM + 50) % 2
    scenes, boxes = datasets.co_localization(images, labels, 1, NUM // 2, clutter=False)
    corner = np.rint(boxes[:, :2]).astype(int)
    np.testing.assert_array_equal(np.rint(boxes[:, 2:]), corner + 28)
    check_integers(corner, 0, 84 - 28)
    check_independent(*corner.T)
    pixel = scenes[np.arange(NUM // 2), corner[:, 1], corner[:, 0], 0]
    number = np.rint((pixel - 0.1) / 0.9 * (NUM + 49)).astype(int)
    assert (labels[number] == 1).all()
    assert len(set(number)) == NUM // 2
    # Not the first ones of the class alone, nor in their order.
    check_uniform(number, 1, NUM + 49, error=1)
    check_independent(number, np.arange(NUM // 2))


IMAGES, LABELS = np.zeros((4, 28, 28, 1)), np.arange(4)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (datasets.digit_pairs, (IMAGES, LABELS[:3]), "`labels` must be integers"),
        (datasets.digit_pairs, (IMAGES, LABELS / 2), "`labels` must be integers"),
        (datasets.digit_pairs, (IMAGES[:0], LABELS[:0]), "at least one image"),
        (datasets.digit_pairs, (np.zeros((4, 9, 9, 3)), LABELS), "of one channel"),
        (datasets.digit_pairs, (IMAGES, LABELS, -1), "`num_pairs` must be"),
        (datasets.digit_sequences, (IMAGES[:0], LABELS[:0]), "at least one image"),
        (datasets.digit_sequences, (IMAGES, LABELS + 7), "must lie below `blank`"),
        (datasets.digit_sequences, (IMAGES, LABELS - 1), "must lie below `blank`"),
        (datasets.digit_sequences, (IMAGES, LABELS, 5, 0), "`max_length` must be"),
        (datasets.digit_sequences, (IMAGES, LABELS, 5, 5, 0), "`size` must be"),
        (datasets.co_localization, (IMAGES, LABELS, 3, 2), "`num_images` must not exceed"),
        (datasets.co_localization, (IMAGES, LABELS, 12, 1), "`num_images` must not exceed"),
        (datasets.co_localization, (IMAGES, LABELS, 3, 0), "`num_images` must be"),
    ],
)
def test_bad_input_is_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
