"""Pairs, sequences, co-localisation, and fresh distortions every epoch."""

import keras
import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.distortions import KINDS

# No tensor comes near it.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=200, seed=1)


@pytest.fixture(scope="module")
def levels():
    """Ten flat images, each of the grey that tells its label."""
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


def test_the_digits_of_a_pair_move_independently(levels):
    pairs, _ = datasets.digit_pairs(np.ones((1, 28, 28, 1)), [0], num_pairs=200)
    mass = pairs.sum(axis=(1, 2))
    assert np.abs(np.corrcoef(mass.T)[0, 1]) < 0.2
    x = np.einsum("nhwc,w->nc", pairs, np.arange(42)) / mass
    assert np.abs(np.corrcoef(x.T)[0, 1]) < 0.2


def test_sequences_read_from_left_to_right(levels):
    crops, sequences = datasets.digit_sequences(*levels, num_sequences=200, max_length=4)
    assert crops.shape == (200, 64, 64, 1)
    assert sequences.shape == (200, 4)
    assert sequences.dtype == np.int32
    length = (sequences < 10).sum(axis=1)
    np.testing.assert_array_equal(np.unique(length), [1, 2, 3, 4])
    for sequence, count in zip(sequences, length, strict=True):
        assert (sequence[:count] < 10).all()
        assert (sequence[count:] == 10).all()


def test_sequence_digits_stand_in_order_and_inside():
    """Small bright squares: as many blobs as digits, from left to right, none cut off."""
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


def test_co_localization_takes_different_images(digits):
    images = np.linspace(0.1, 1, 200)[:, None, None, None] * np.ones((1, 28, 28, 1))
    scenes, _ = datasets.co_localization(images, np.zeros(200, int), 0, clutter=False)
    assert len(np.unique(scenes.max(axis=(1, 2, 3)))) == 100


@pytest.mark.parametrize("kind", KINDS)
def test_batches_hold_every_image_once(digits, kind):
    batches = datasets.DistortedDigits(digits[0], np.arange(200), kind, batch_size=64)
    assert len(batches) == 4
    parts = [batches[i] for i in range(4)]
    assert [len(part[0]) for part in parts] == [64, 64, 64, 8]
    assert parts[0][0].dtype == np.float32
    assert parts[0][1].dtype == np.int32
    np.testing.assert_array_equal(np.sort(np.concatenate([part[1] for part in parts])), range(200))


def epoch(batches):
    parts = [batches[i] for i in range(len(batches))]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_an_epoch_depends_on_seed_and_number_only(digits, kind):
    large = datasets.DistortedDigits(*digits, kind, batch_size=200, seed=7)
    small = datasets.DistortedDigits(*digits, kind, batch_size=33, seed=7)
    epochs = []
    for _ in range(2):
        epochs.append(epoch(large))
        again = epoch(small)
        np.testing.assert_array_equal(again[0], epochs[-1][0])
        np.testing.assert_array_equal(again[1], epochs[-1][1])
        large.on_epoch_end()
        small.on_epoch_end()
    assert not np.array_equal(epochs[0][0], epochs[1][0])


def test_without_shuffling_the_distortions_are_still_fresh(digits):
    batches = datasets.DistortedDigits(*digits, "R", batch_size=50, shuffle=False)
    first, labels = batches[1]
    np.testing.assert_array_equal(labels, digits[1][50:100])
    batches.on_epoch_end()
    second, labels = batches[1]
    np.testing.assert_array_equal(labels, digits[1][50:100])
    assert np.abs(first - second).mean() > 0.01


@pytest.mark.training
def test_a_model_fits_on_the_batches(digits):
    batches = datasets.DistortedDigits(*digits, "RTS", batch_size=64)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    history = model.fit(batches, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    # Keras tells the dataset that an epoch has ended.
    assert not np.array_equal(batches[0][0], datasets.DistortedDigits(*digits, "RTS", 64)[0][0])


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
        (datasets.DistortedDigits, (IMAGES, LABELS, "X"), "`kind` must be one of"),
        (datasets.DistortedDigits, (IMAGES, LABELS[:2], "R"), "`labels` must be integers"),
        (datasets.DistortedDigits, (IMAGES, LABELS, "R", 0), "`batch_size` must be"),
        (datasets.DistortedDigits, (IMAGES[:0], LABELS[:0], "R"), "at least one image"),
        (datasets.DistortedDigits, (IMAGES * np.nan, LABELS, "R"), r"must lie in \[0, 1\]"),
    ],
)
def test_bad_input_is_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
