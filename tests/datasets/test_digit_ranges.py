"""The random numbers of digit sequences, measured in the images."""

import numpy as np
import pytest

from keras_attn import datasets
from tests.moments import check_independent, check_integers, check_moments

# No tensor comes near it.
pytestmark = pytest.mark.once

NUM = 2000


def uniform_moments(low, high):
    """Mean and mean square of a uniform variable."""
    return (low + high) / 2, (low**2 + low * high + high**2) / 3


@pytest.fixture(scope="module")
def rows():
    """Of many sequences the labels and, digit by digit, the size, and x and y from the middle.

    The digits are small blobs, whose brightness tells the label; a size is that of the square that
    the ink of a digit takes, 20 of 28 pixels in MNIST.
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
    """The largest digits of a row: it fills the crop, and no digit more than 60 % of its height."""
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


@pytest.mark.parametrize("length", [2, 3, 5])
def test_digits_are_up_to_5_percent_off_their_place(rows, length):
    chosen = [row for row in rows[1] if len(row) == length]
    size, x, y = np.moveaxis(np.stack(chosen), -1, 0)
    row, row_square = uniform_moments(0.8 * largest(length), largest(length))
    step, offset = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]
    # Two jitters of up to 5 % each way.
    spread = row_square * 2 * 0.1**2 / 12
    check_moments(offset, 0, spread, error=0.02)
    assert 0.07 * largest(length) < np.abs(offset).max() <= 0.1 * largest(length) + 0.05
    mean = 0.85 * row
    spread += 0.85**2 * (row_square - row**2)
    check_moments(step, mean, spread, error=0.02)
    check_independent(offset, step)
    assert size.shape == (len(chosen), length)


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
