"""The random numbers of the memory tasks, against those of Graves et al. 2014."""

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
from tests.moments import (
    check_frequencies,
    check_independent,
    check_integers,
    check_uniform,
)

pytestmark = pytest.mark.once

NUM = 1000


def batches(task, **options):
    """A thousand small batches of a task with the sizes of the paper."""
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


def test_copy_takes_1_to_20_vectors_of_8_fair_bits():
    lengths, shown = [], []
    for inputs, _, _ in batches(CopyTask):
        assert inputs.shape[-1] == 9
        lengths.append(inputs[0, :, 8].argmax())
        shown.append(inputs[:, : lengths[-1], :8])
    check_integers(lengths, 1, 20)
    check_independent(lengths[1:], lengths[:-1])
    check_bits(shown)


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


def test_n_grams_of_200_bits_begin_with_5_fair_ones():
    task = DynamicNGramsTask(batch_size=NUM, pad_to_multiple_of=1)
    inputs, targets, weights = task[0]
    assert inputs.shape == targets.shape == (NUM, 200, 1)
    assert not inputs[:, 0].any()
    check_bits([targets[:, :5].transpose(0, 2, 1)])
    np.testing.assert_array_equal(weights, np.tile(np.arange(200) >= 5, (NUM, 1)))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_n_grams_have_a_probability_of_beta_one_half_for_each_context(order):
    """All sequences of 6 bits, beside the probability that each has under the prior."""
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
