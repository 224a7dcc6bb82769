"""Lengths of the first batches, and which sequences share a batch."""

import numpy as np
import pytest

from keras_attn.datasets import (
    BinarizedImages,
    CopyTask,
    ImageCaptions,
    PrioritySortTask,
    SequencePairs,
)

# Uses no tensors.
pytestmark = pytest.mark.once

IMAGES = np.zeros((6, 2, 2, 1))


def pair_lengths(sources, targets):
    """Returns the padded lengths of batches of two pairs with sides of so many tokens."""
    data = SequencePairs(
        *([[4] * length for length in side] for side in (sources, targets)),
        batch_size=2,
        pad_to_multiple_of=4,
        shuffle=False,
    )
    return [
        (inputs["source"].shape[1], labels.shape[1])
        for inputs, labels in (data[number] for number in range(len(data)))
    ]


def test_the_first_batch_of_pairs_differs_from_the_second_where_lengths_vary():
    # With the end token 2, 2 and 10 steps; the other side has two in all batches.
    assert pair_lengths([1, 1, 1, 1, 9, 9], [1] * 6) == [(8, 4), (4, 4), (12, 4)]
    assert pair_lengths([1] * 6, [1, 1, 1, 1, 9, 9]) == [(4, 8), (4, 4), (4, 12)]
    # All are equally long after rounding up, or the first two differ already.
    assert pair_lengths([1, 1, 2, 2, 3, 3], [1] * 6) == [(4, 4)] * 3
    assert pair_lengths([1, 1, 5, 5, 5, 5], [1] * 6) == [(4, 4), (8, 4), (8, 4)]


@pytest.mark.parametrize(("long", "first"), [(0, 8), (1, 4)])
def test_captions_that_no_epoch_uses_do_not_count(long, first):
    # Without shuffling each image comes with its first caption.
    captions = [[[4], [5]]] * 5 + [[[4], [6] * 9] if long else [[6] * 9, [5]]]
    batches = ImageCaptions(IMAGES, captions, 2, shuffle=False)
    lengths = [batches[number][1].shape[1] for number in range(3)]
    assert lengths == [first, 4, 4 if long else 12]


def test_captions_that_an_epoch_may_use_count():
    captions = [[[4], [5]]] * 5 + [[[4], [6] * 9]]
    data = ImageCaptions(IMAGES, captions, 6, seed=0)
    for _ in range(6):
        # A single batch is always as long as the longest caption and its end.
        assert data[0][1].shape == (6, 12)
        data.on_epoch_end()


def test_only_tasks_of_varying_length_have_a_longer_first_batch():
    sort = PrioritySortTask(count=4, top=3, batch_size=2, pad_to_multiple_of=8)
    assert [sort[number][2].shape[1] for number in range(3)] == [8, 8, 8]
    same = CopyTask(lengths=3, batch_size=2, pad_to_multiple_of=8)
    assert [same[number][2].shape[1] for number in range(3)] == [8, 8, 8]
    # Of one to seven vectors: 3 to 15 steps, which are padded to 8 or 16.
    for seed in range(8):
        varied = CopyTask(lengths=(1, 7), pad_to_multiple_of=8, seed=seed)
        plain = [varied.draw_batch(number)[1][0] for number in (0, 1)]
        first, second = (8 * -(-length // 8) for length in plain)
        expected = first + 8 * (first == second)
        assert [varied[number][2].shape[1] for number in (0, 1)] == [expected, second]


def test_a_curriculum_counts_epochs_of_training_only():
    task = CopyTask(lengths=(1, 20), steps_per_epoch=1, curriculum_epochs=2)
    # Keras asks for at most two batches before the first epoch.
    assert len([task[0], task[0]]) == 2
    task.on_epoch_end()
    assert task.curriculum_epoch == 0
    for epoch in (1, 2):
        task.on_epoch_begin()
        task[0]
        task.on_epoch_end()
        assert task.curriculum_epoch == epoch


@pytest.mark.parametrize("side", ["source", "target"])
def test_pairs_of_a_batch_are_padded_alike(side):
    # With its end a side has four steps or five, which take one or two multiples of four.
    varied, same = [[4] * (3 + n % 2) for n in range(40)], [[4]] * 40
    sides = (varied, same) if side == "source" else (same, varied)
    data = SequencePairs(*sides, batch_size=2, pad_to_multiple_of=4)
    for inputs, labels in (data[number] for number in range(len(data))):
        rows = inputs["source"] if side == "source" else labels
        assert len(set((rows != 0).sum(axis=1))) == 1


def test_pairs_are_mixed_anew_in_every_epoch():
    data = SequencePairs([[n] for n in range(4, 44)], [[4]] * 40, batch_size=4)
    epochs = []
    for _ in range(3):
        inputs = [data[number][0]["source"][:, 0] for number in range(len(data))]
        epochs.append({frozenset(rows.tolist()) for rows in inputs})
        assert sorted(np.concatenate(inputs)) == list(range(4, 44))
        data.on_epoch_end()
    assert epochs[0] != epochs[1] != epochs[2]


def test_batches_are_not_sorted_by_their_length():
    data = SequencePairs([[4] * n for n in range(1, 60)], [[4]] * 59, 4, pad_to_multiple_of=1)
    lengths = [data[number][0]["source"].shape[1] for number in range(1, len(data))]
    assert lengths != sorted(lengths)
    still = SequencePairs(
        [[4] * n for n in range(1, 60)], [[4]] * 59, 4, pad_to_multiple_of=1, shuffle=False
    )
    lengths = [still[number][0]["source"].shape[1] for number in range(len(still))]
    assert lengths == sorted(lengths)


def test_binarized_images_have_an_order_of_their_own_in_every_epoch():
    # Each image is white in one place.
    data = BinarizedImages(np.eye(12)[:, :, None, None], batch_size=4)
    epochs = []
    for _ in range(3):
        batches = [data[number][0].sum(axis=0).ravel() for number in range(3)]
        epochs.append([tuple(np.flatnonzero(each)) for each in batches])
        data.on_epoch_end()
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epochs[0] != [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)]
