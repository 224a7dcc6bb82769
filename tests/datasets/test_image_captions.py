"""Images with their captions, in batches."""

import numpy as np
import pytest

from keras_attn.datasets import ImageCaptions
from tests.moments import check_integers

# Uses no tensors.
pytestmark = pytest.mark.once


@pytest.fixture
def images():
    return np.arange(5, dtype="float32")[:, None, None, None] * np.ones((1, 2, 2, 1), "float32")


CAPTIONS = [[[10], [11, 4]], [[20]], [[30, 5, 6, 7]], [[40]], [[50, 8]]]


def test_targets_are_the_labels_shifted_by_one_step(images):
    batches = ImageCaptions(images, CAPTIONS, 3, shuffle=False)
    assert len(batches) == 2
    inputs, labels = batches[0]
    assert inputs["target"].tolist() == [
        [1, 10, 0, 0, 0, 0, 0, 0], [1, 20, 0, 0, 0, 0, 0, 0], [1, 30, 5, 6, 7, 0, 0, 0],
    ]  # fmt: skip
    assert labels.tolist() == [
        [10, 2, 0, 0, 0, 0, 0, 0], [20, 2, 0, 0, 0, 0, 0, 0], [30, 5, 6, 7, 2, 0, 0, 0],
    ]  # fmt: skip
    np.testing.assert_array_equal(inputs["image"], images[:3])
    inputs, labels = batches[1]
    assert inputs["image"].shape == (2, 2, 2, 1)
    assert labels.shape == (2, 4)


def test_an_epoch_holds_each_image_once_with_one_of_its_captions(images):
    batches = ImageCaptions(images, CAPTIONS, 2, seed=1)
    seen = []
    for _ in range(12):
        epoch = []
        for inputs, labels in (batches[n] for n in range(len(batches))):
            numbers = inputs["image"][:, 0, 0, 0].astype(int)
            for number, label in zip(numbers, labels, strict=True):
                assert label[label > 2].tolist() in CAPTIONS[number]
                epoch.append((int(number), int(label[0])))
        assert sorted(number for number, _ in epoch) == list(range(5))
        seen.append(epoch)
        batches.on_epoch_end()
    assert {caption for epoch in seen for number, caption in epoch if number == 0} == {10, 11}
    assert seen[0] != seen[1]
    again = ImageCaptions(images, CAPTIONS, 2, seed=1)
    np.testing.assert_array_equal(again[0][1][:, 0], [caption for _, caption in seen[0][:2]])


def test_captions_and_places_in_the_epoch_are_equally_likely(images):
    captions = [[[10], [11], [12]], [[20], [21]], [[30]], [[40], [41], [42], [43]], [[50]]]
    batches = ImageCaptions(images, captions, 5, seed=0)
    drawn = {number: [] for number in range(5)}
    places = []
    for _ in range(1000):
        inputs, labels = batches[0]
        numbers = inputs["image"][:, 0, 0, 0].astype(int)
        places.append(np.argsort(numbers))
        for number, label in zip(numbers, labels[:, 0], strict=True):
            drawn[number].append(label % 10)
        batches.on_epoch_end()
    for number, several in enumerate(captions):
        check_integers(drawn[number], 0, len(several) - 1)
    for place in np.transpose(places):
        check_integers(place, 0, 4)


def test_bad_arguments_are_refused(images):
    with pytest.raises(ValueError, match="must be equally many"):
        ImageCaptions(images, CAPTIONS[:2])
    with pytest.raises(ValueError, match="one for each image"):
        ImageCaptions(images, [[], *CAPTIONS[1:]])
    with pytest.raises(ValueError, match="`captions` must be lists of integers"):
        ImageCaptions(images, [["a red star"], *CAPTIONS[1:]])
    for whole in ([1, 10, 11], [10, 11, 2], [10, 0]):
        with pytest.raises(ValueError, match="must be without padding, start and end"):
            ImageCaptions(images, [[whole], *CAPTIONS[1:]])
