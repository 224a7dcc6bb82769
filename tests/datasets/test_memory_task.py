"""The base class of memory tasks: batches, shapes, growing sizes, and refusals."""

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
def test_batches_depend_on_seed_epoch_and_index(task):
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


def test_sizes_grow_over_the_epochs():
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
    # At the end of the curriculum batches are those of a task without a curriculum.
    grown = RepeatCopyTask(lengths=(2, 6), repeats=(1, 9), batch_size=1, steps_per_epoch=200)
    grown.epoch = task.epoch
    assert same(task[7], grown[7])


def sizes_of(task, index):
    """Returns the length and the number of repeats of a batch."""
    inputs, _, weights = task[index]
    length = int(inputs[0, :, task.bits].argmax())
    return length, (int(weights[0].sum()) - 1) // length


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
def test_bad_arguments_are_refused(task, arguments):
    with pytest.raises(ValueError, match=f"`({'|'.join(arguments)})` must"):
        task(**arguments)


def test_a_custom_task():
    class Echo(MemoryTask):
        input_channels = target_channels = 1

        def draw(self, generator):
            bits = generator.integers(0, 2, (self.batch_size, 3, 1))
            return bits, bits, np.ones(3)

    inputs, targets, weights = Echo(batch_size=2, pad_to_multiple_of=4)[0]
    np.testing.assert_array_equal(inputs, targets)
    assert weights.tolist() == [[1.0, 1.0, 1.0, 0.0]] * 2
