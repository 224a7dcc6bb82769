"""Data sets made of batches have the length and indices of lists."""

import keras
import numpy as np
import pytest

from keras_attn.datasets import (
    BinarizedImages,
    CopyTask,
    DistortedDigits,
    ImageCaptions,
    SequencePairs,
)

# Uses no tensors.
pytestmark = pytest.mark.once

IMAGES = np.linspace(0.0, 1.0, 5 * 8 * 8, dtype="float32").reshape(5, 8, 8, 1)
NUMBERS = [[4], [5, 6], [7], [8], [9]]
SEQUENCES = {
    "binarized images": lambda: BinarizedImages(IMAGES, 2),
    "distorted digits": lambda: DistortedDigits(IMAGES, np.arange(5), "R", 2),
    "image captions": lambda: ImageCaptions(IMAGES, [[each] for each in NUMBERS], 2),
    "memory task": lambda: CopyTask(lengths=3, batch_size=2, steps_per_epoch=3),
    "sequence pairs": lambda: SequencePairs(NUMBERS, NUMBERS, 2),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_indices_are_those_of_a_list(name):
    sequence = SEQUENCES[name]()
    batches = list(sequence)
    assert len(batches) == len(sequence) == 3
    for index in (-1, -3, np.int64(1)):
        found, expected = (keras.tree.flatten(each) for each in (sequence[index], batches[index]))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"Batch {index} was asked for, and there are 3"):
            sequence[index]
