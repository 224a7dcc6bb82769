"""Batches of distorted digits, which are distorted anew in each epoch."""

import keras
import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.distortions import KINDS

# Uses no tensors.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=200, seed=1)


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


def test_distortions_change_without_shuffling(digits):
    batches = datasets.DistortedDigits(*digits, "R", batch_size=50, shuffle=False)
    first, labels = batches[1]
    np.testing.assert_array_equal(labels, digits[1][50:100])
    batches.on_epoch_end()
    second, labels = batches[1]
    np.testing.assert_array_equal(labels, digits[1][50:100])
    assert np.abs(first - second).mean() > 0.01


@pytest.mark.training
def test_distortions_change_between_epochs_of_fit(digits):
    log = []

    class Recorded(datasets.DistortedDigits):
        def __getitem__(self, index):
            batch = super().__getitem__(index)
            if index == 0:
                log.append(batch)
            return batch

    batches = Recorded(*digits, "RTS", batch_size=64, shuffle=False)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(batches, epochs=2, verbose=0)
    (first, first_labels), (second, second_labels) = log[-2:]
    np.testing.assert_array_equal(first_labels, second_labels)
    assert np.abs(first - second).mean() > 0.01


IMAGES, LABELS = np.zeros((4, 28, 28, 1)), np.arange(4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, LABELS, "X"), "`kind` must be one of"),
        ((IMAGES, LABELS[:2], "R"), "`labels` must be integers"),
        ((IMAGES, LABELS, "R", 0), "`batch_size` must be"),
        ((IMAGES[:0], LABELS[:0], "R"), "at least one image"),
        ((IMAGES * np.nan, LABELS, "R"), r"must lie in \[0, 1\]"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.DistortedDigits(*arguments)
