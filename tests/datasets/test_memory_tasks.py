"""Inputs, targets and weights of the memory tasks, and their random numbers: Graves et al. 2014."""

import itertools

import numpy as np
import pytest

from keras_attn.datasets import (
    AssociativeRecallTask,
    CopyTask,
    DynamicNGramsTask,
    PrioritySortTask,
    RepeatCopyTask,
)
from tests.moments import check_frequencies, check_independent, check_integers, check_uniform

pytestmark = pytest.mark.once

NUM = 1000


def without_padding(batch):
    """Removes the padding after the last weighted step, and checks that it is zero."""
    inputs, targets, weights = batch
    steps = 1 + weights[0].nonzero()[0][-1]
    assert not any(array[:, steps:].any() for array in batch)
    return inputs[:, :steps], targets[:, :steps], weights[:, :steps]


def batches(task, **options):
    """Returns a thousand small batches of a task with the sizes of the paper."""
    made = task(batch_size=2, steps_per_epoch=NUM, pad_to_multiple_of=1, **options)
    return [made[number] for number in range(NUM)]


def check_bits(vectors):
    """Asserts that bits `(batch, steps, bits)` are fair and independent along every axis."""
    ones = np.sum([each.sum(axis=(0, 1)) for each in vectors], axis=0)
    total = sum(each.shape[0] * each.shape[1] for each in vectors)
    for count in ones:
        check_frequencies([count, total - count], [0.5, 0.5])
    rows = np.concatenate([each.reshape(-1, each.shape[-1]) for each in vectors])
    assert set(np.unique(rows)) == {0, 1}
    check_independent(*rows.T)
    for axis in (0, 1):
        pairs = [each for each in vectors if each.shape[axis] > 1]
        if pairs:
            one, other = (
                np.concatenate([each.take(place, axis).ravel() for each in pairs])
                for place in (0, 1)
            )
            check_independent(one, other)


def test_copies():
    lengths = set()
    task = CopyTask(lengths=(2, 4), bits=3, batch_size=2)
    for index in range(20):
        inputs, targets, weights = task[index]
        length = int(inputs[0, :, 3].argmax())
        lengths.add(length)
        asked = slice(length + 1, 2 * length + 1)
        np.testing.assert_array_equal(inputs[:, :, 3].sum(axis=1), 1.0)
        np.testing.assert_array_equal(targets[:, asked], inputs[:, :length, :3])
        assert weights.sum() == weights[:, asked].sum() == 2 * length
        assert not inputs[:, length + 1 :].any()
    assert lengths == {2, 3, 4}


def test_copy_takes_1_to_20_vectors_of_8_fair_bits():
    lengths, shown = [], []
    for inputs, _, _ in batches(CopyTask):
        assert inputs.shape[-1] == 9
        lengths.append(inputs[0, :, 8].argmax())
        shown.append(inputs[:, : lengths[-1], :8])
    check_integers(lengths, 1, 20)
    check_independent(lengths[1:], lengths[:-1])
    check_bits(shown)


def test_repeated_copies():
    task = RepeatCopyTask(lengths=3, repeats=(1, 10), bits=2, batch_size=2, pad_to_multiple_of=1)
    shown = {}
    for index in range(80):
        inputs, targets, weights = without_padding(task[index])
        repeats = (targets.shape[1] - 5) // 3
        shown[repeats] = inputs[0, 3, 3]
        np.testing.assert_array_equal(inputs[:, 3, 2], 1.0)
        copies = np.concatenate([inputs[:, :3, :2]] * repeats, axis=1)
        np.testing.assert_array_equal(targets[:, 4:-1, :2], copies)
        np.testing.assert_array_equal(targets[0, :, 2].nonzero()[0], [4 + 3 * repeats])
        np.testing.assert_array_equal(weights[0], np.arange(5 + 3 * repeats) > 3)
    numbers = np.array([shown[repeats] for repeats in range(1, 11)])
    np.testing.assert_allclose([numbers.mean(), numbers.var()], [0.0, 1.0], atol=1e-6)
    # The scale is that of training.
    more = RepeatCopyTask(lengths=3, repeats=20, bits=2)[0][0]
    step = numbers[1] - numbers[0]
    np.testing.assert_allclose(more[0, 3, 3], numbers[0] + 19 * step, rtol=1e-6)
    assert not RepeatCopyTask(repeats=3, scale=3)[0][0][:, :, 9].any()


def test_repeat_copy_takes_1_to_10_vectors_1_to_10_times():
    lengths, repeats, shown = [], [], []
    for inputs, targets, weights in batches(RepeatCopyTask):
        assert (inputs.shape[-1], targets.shape[-1]) == (10, 9)
        lengths.append(inputs[0, :, 8].argmax())
        repeats.append((weights[0].sum() - 1) / lengths[-1])
        shown.append(inputs[:, : lengths[-1], :8])
        # Uniform from 1 to 10: mean 5.5, variance 8.25.
        asked = inputs[:, lengths[-1], 9]
        np.testing.assert_allclose(asked, (repeats[-1] - 5.5) / 8.25**0.5, atol=1e-6)
    check_integers(lengths, 1, 10)
    check_integers(repeats, 1, 10)
    check_independent(lengths, repeats)
    check_bits(shown)


def test_recall():
    task = AssociativeRecallTask(
        items=(2, 4), item_length=2, bits=5, batch_size=8, pad_to_multiple_of=1
    )
    counts = set()
    for index in range(20):
        inputs, targets, weights = without_padding(task[index])
        count = int(inputs[0, :, 5].sum())
        counts.add(count)
        np.testing.assert_array_equal(inputs[0, :, 5].nonzero()[0], 3 * np.arange(count))
        np.testing.assert_array_equal(inputs[0, :, 6].nonzero()[0], 3 * count + np.array([0, 3]))
        np.testing.assert_array_equal(weights[0].nonzero()[0], 3 * count + np.array([4, 5]))
        for row in range(8):
            items = [inputs[row, 3 * n + 1 : 3 * n + 3, :5].tolist() for n in range(count)]
            asked = inputs[row, 3 * count + 1 : 3 * count + 3, :5].tolist()
            following = [items[n + 1] for n in range(count - 1) if items[n] == asked]
            assert targets[row, -2:].tolist() in following
    assert counts == {2, 3, 4}


def test_recall_asks_for_any_item_but_the_first():
    counts, shown, asked = [], [], {count: [] for count in range(2, 7)}
    for inputs, targets, _ in batches(AssociativeRecallTask):
        assert (inputs.shape[-1], targets.shape[-1]) == (8, 6)
        count = int(inputs[0, :, 6].sum())
        counts.append(count)
        listed = inputs[:, : 4 * count].reshape(2, count, 4, 8)
        items = listed[:, :, 1:, :6]
        shown.append(items.reshape(2, 3 * count, 6))
        for row in range(2):
            question = inputs[row, 4 * count + 1 : 4 * count + 4, :6]
            answer = targets[row, 4 * count + 5 : 4 * count + 8]
            places = [
                place
                for place in range(count - 1)
                if (items[row, place] == question).all() and (items[row, place + 1] == answer).all()
            ]
            assert places
            asked[count].append(places[0])
    check_integers(counts, 2, 6)
    for count, places in asked.items():
        check_integers(places, 0, count - 2)
    # Each sequence of a batch has a question of its own.
    check_independent(*np.reshape(asked[6], (-1, 2)).T)
    check_bits(shown)


def test_n_grams_follow_their_table_and_the_best_guess_learns_it():
    task = DynamicNGramsTask(length=200, order=3, batch_size=50)
    inputs, targets, weights = task[0]
    bits = targets[..., 0].astype(int)
    np.testing.assert_array_equal(inputs[:, 1:, 0], bits[:, :-1])
    assert weights[0].tolist() == [0.0] * 2 + [1.0] * 198
    guesses = task.optimal(inputs)[..., 0]
    for row in range(3):
        counts = {}
        for step in range(200):
            context = tuple(bits[row, step - 2 : step]) if step >= 2 else None
            zeros, ones = counts.setdefault(context, [0, 0])
            expected = (ones + 0.5) / (zeros + ones + 1) if context else 0.5
            np.testing.assert_allclose(guesses[row, step], expected, rtol=1e-6)
            counts[context][bits[row, step]] += 1
    cost = -np.log2(np.where(bits == 1, guesses, 1 - guesses)) * weights
    # Less than a fair coin, which takes a bit each, and than in its first half.
    assert cost.sum(axis=1).mean() < 150
    assert cost[:, 100:].sum() < cost[:, :100].sum()


def test_n_grams_without_a_context():
    task = DynamicNGramsTask(length=4, order=1, batch_size=1, pad_to_multiple_of=1)
    inputs = np.array([0, 1, 1, 0])[None, :, None]
    # Of a sign and the bits 1, 1, 0: (ones + 1/2) / (bits + 1).
    expected = [1 / 2, 3 / 4, 5 / 6, 5 / 8]
    np.testing.assert_allclose(task.optimal(inputs)[0, :, 0], expected, rtol=1e-6)
    assert task[0][2].tolist() == [[1.0] * 4]
    # One context and the bit after it.
    short = DynamicNGramsTask(length=3, order=3, batch_size=1, pad_to_multiple_of=1)
    assert short[0][2].tolist() == [[0.0, 0.0, 1.0]]


def test_n_grams_of_200_bits_begin_with_5_fair_ones():
    task = DynamicNGramsTask(batch_size=NUM, pad_to_multiple_of=1)
    inputs, targets, weights = task[0]
    assert inputs.shape == targets.shape == (NUM, 200, 1)
    assert not inputs[:, 0].any()
    check_bits([targets[:, :5].transpose(0, 2, 1)])
    np.testing.assert_array_equal(weights, np.tile(np.arange(200) >= 5, (NUM, 1)))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_n_grams_have_a_probability_of_beta_one_half_for_each_context(order):
    """Frequencies of all sequences of 6 bits are their probabilities under the prior."""
    task = DynamicNGramsTask(6, order, batch_size=20 * NUM, pad_to_multiple_of=1)
    bits = task[0][1][..., 0].astype(int)
    probabilities = []
    for sequence in itertools.product((0, 1), repeat=6):
        probability = 0.5 ** (order - 1)
        seen = {}
        for step in range(order - 1, 6):
            counts = seen.setdefault(sequence[step - order + 1 : step], [0, 0])
            # The mean of Beta(1/2, 1/2) after `counts`.
            probability *= (counts[sequence[step]] + 0.5) / (sum(counts) + 1)
            counts[sequence[step]] += 1
        probabilities.append(probability)
    counts = np.bincount(bits @ (2 ** np.arange(5, -1, -1)), minlength=64)
    check_frequencies(counts, probabilities)


def test_sorted_by_priority():
    inputs, targets, weights = PrioritySortTask(
        count=6, top=4, bits=16, batch_size=5, pad_to_multiple_of=1
    )[0]
    assert np.abs(inputs[:, :6, 16]).max() <= 1.0
    assert weights[0].tolist() == [0.0] * 7 + [1.0] * 4
    assert inputs[0, :, 17].nonzero()[0].tolist() == [6]
    for row in range(5):
        places = [
            next(n for n in range(6) if (inputs[row, n, :16] == target).all())
            for target in targets[row, 7:]
        ]
        priorities = inputs[row, places, 16]
        left = np.delete(inputs[row, :6, 16], places)
        assert (np.diff(priorities) < 0).all()
        assert left.max() < priorities.min()


def test_sorting_takes_20_priorities_from_minus_1_to_1():
    inputs, targets, _ = PrioritySortTask(batch_size=NUM, pad_to_multiple_of=1)[0]
    assert inputs.shape == (NUM, 20 + 1 + 16, 10)
    assert targets.shape == (NUM, 20 + 1 + 16, 8)
    vectors, priorities = inputs[:, :20, :8], inputs[:, :20, 8]
    check_uniform(priorities, -1, 1)
    check_independent(*priorities.T, *vectors[:, 0].T)
    check_bits([vectors])
    for row in range(50):
        order = np.argsort(-priorities[row])
        np.testing.assert_array_equal(targets[row, 21:], vectors[row, order[:16]])
