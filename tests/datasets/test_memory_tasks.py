"""Inputs, targets and weights of the memory tasks."""

import numpy as np
import pytest

from keras_attn.datasets import (
    AssociativeRecallTask,
    CopyTask,
    DynamicNGramsTask,
    MemoryTask,
    PrioritySortTask,
    RepeatCopyTask,
)

pytestmark = pytest.mark.once

TASKS = [CopyTask, RepeatCopyTask, AssociativeRecallTask, DynamicNGramsTask, PrioritySortTask]


@pytest.mark.parametrize("task", TASKS)
def test_batches_are_drawn_by_seed_epoch_and_place(task):
    first, again, other = (task(batch_size=3, steps_per_epoch=4, seed=seed) for seed in (5, 5, 6))
    assert len(first) == 4
    for one, two in zip(first[2], again[2], strict=True):
        np.testing.assert_array_equal(one, two)
    assert not same(first[2], first[3])
    assert not same(first[2], other[2])
    first.on_epoch_end()
    assert not same(first[2], again[2])
    again.on_epoch_end()
    assert same(first[2], again[2])
    fixed = task(batch_size=3, fixed=True)
    before = fixed[0]
    fixed.on_epoch_end()
    assert same(before, fixed[0])


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("task", TASKS)
def test_shapes(task):
    made = task(batch_size=3, pad_to_multiple_of=8)
    for index in range(5):
        inputs, targets, weights = made[index]
        assert {each.dtype.name for each in (inputs, targets, weights)} == {"float32"}
        assert inputs.shape == (*weights.shape, made.input_channels)
        assert targets.shape == (*weights.shape, made.target_channels)
        assert weights.shape[0] == 3
        assert weights.shape[1] % 8 == 0
        assert set(np.unique(targets)) <= {0.0, 1.0}
        assert set(np.unique(weights)) == {0.0, 1.0}
        # Nothing is shown after the answer; N-grams are answered while they are shown.
        last = weights[0].nonzero()[0][-1]
        assert not inputs[:, last + 1 :].any()
        assert not targets[:, last + 1 :].any()


def test_sizes_grow():
    task = RepeatCopyTask(
        lengths=(2, 6), repeats=(1, 9), batch_size=1, steps_per_epoch=200, curriculum_epochs=4
    )
    most = []
    for _ in range(6):
        sizes = [sizes_of(task, index) for index in range(len(task))]
        assert np.min(sizes, axis=0).tolist() == [2, 1]
        most.append(np.max(sizes, axis=0).tolist())
        task.on_epoch_end()
    assert most == [[3, 3], [4, 5], [5, 6], [6, 8], [6, 9], [6, 9]]
    # What does not grow is what is drawn when all has grown.
    grown = RepeatCopyTask(lengths=(2, 6), repeats=(1, 9), batch_size=1, steps_per_epoch=200)
    grown.epoch = task.epoch
    assert same(task[7], grown[7])


def sizes_of(task, index):
    """Returns the length and the number of repeats of a batch."""
    inputs, _, weights = task[index]
    length = int(inputs[0, :, task.bits].argmax())
    return length, (int(weights[0].sum()) - 1) // length


def without_padding(batch):
    """Removes the padding after the last weighted step, and checks that it is zero."""
    inputs, targets, weights = batch
    steps = 1 + weights[0].nonzero()[0][-1]
    assert not any(array[:, steps:].any() for array in batch)
    return inputs[:, :steps], targets[:, :steps], weights[:, :steps]


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


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        (CopyTask, {"lengths": 0}),
        (CopyTask, {"lengths": (3, 2)}),
        (CopyTask, {"lengths": (1, 2, 3)}),
        (CopyTask, {"bits": 1.5}),
        (CopyTask, {"batch_size": 0}),
        (CopyTask, {"steps_per_epoch": -1}),
        (CopyTask, {"pad_to_multiple_of": 0}),
        (CopyTask, {"seed": -1}),
        (CopyTask, {"curriculum_epochs": -1}),
        (CopyTask, {"curriculum_epochs": 1, "fixed": True}),
        (RepeatCopyTask, {"lengths": 0}),
        (RepeatCopyTask, {"repeats": (0, 3)}),
        (RepeatCopyTask, {"scale": (5, 1)}),
        (AssociativeRecallTask, {"items": (1, 4)}),
        (AssociativeRecallTask, {"item_length": 0}),
        (DynamicNGramsTask, {"length": 5}),
        (DynamicNGramsTask, {"order": 0}),
        (PrioritySortTask, {"count": 4, "top": 5}),
        (PrioritySortTask, {"top": 0}),
    ],
)
def test_what_is_refused(task, arguments):
    with pytest.raises(ValueError, match=f"`({'|'.join(arguments)})` must"):
        task(**arguments)


def test_a_task_of_ones_own():
    class Echo(MemoryTask):
        input_channels = target_channels = 1

        def draw(self, generator):
            bits = generator.integers(0, 2, (self.batch_size, 3, 1))
            return bits, bits, np.ones(3)

    inputs, targets, weights = Echo(batch_size=2, pad_to_multiple_of=4)[0]
    np.testing.assert_array_equal(inputs, targets)
    assert weights.tolist() == [[1.0, 1.0, 1.0, 0.0]] * 2
