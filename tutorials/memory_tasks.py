"""The five tasks of Neural Turing Machines, with the paper's sizes and what they are tried on."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from keras_attn.datasets import (
    AssociativeRecallTask,
    CopyTask,
    DynamicNGramsTask,
    PrioritySortTask,
    RepeatCopyTask,
)


@dataclasses.dataclass(frozen=True)
class Task:
    """A task, the sizes of its networks, and how it is tried.

    Args:
        task: makes the sequences of training.
        feedforward, recurrent: units and heads of each kind, by the controller.
        lstm_units: of each layer of the LSTM.
        tests: what makes the sequences of each test, by what is written beside its figures.
        defaults: of the tutorial's options, where they are others than for copying.
    """

    task: Callable
    feedforward: tuple[int, int]
    recurrent: tuple[int, int]
    lstm_units: int
    tests: dict[str, Callable]
    defaults: dict = dataclasses.field(default_factory=dict)


def _tests(task, name, *cases):
    return {name.format(**case): functools.partial(task, **case) for case in cases}


# Lengths are rounded up by more where training has many of them, each of which is compiled.
copy = functools.partial(CopyTask, pad_to_multiple_of=7)
repeat_copy = functools.partial(RepeatCopyTask, pad_to_multiple_of=28)
recall = functools.partial(AssociativeRecallTask, pad_to_multiple_of=12)

TASKS = {
    "copy": Task(
        copy, (100, 1), (100, 1), 256,
        {
            **_tests(copy, "length {lengths}", *({"lengths": n} for n in (20, 10, 30, 50, 120))),
            "lengths 1 to 20": copy,
        },
    ),
    "repeat_copy": Task(
        repeat_copy, (100, 1), (100, 1), 512,
        _tests(
            repeat_copy, "length {lengths}, {repeats} times",
            *({"lengths": n, "repeats": m} for n, m in ((10, 10), (20, 10), (10, 20))),
        ),
        {
            "controller": "lstm", "learning_rate": 5e-4, "clip": 1.0, "batches": 150_000,
            "growth": 16, "gradient_clip": 1e4,
        },
    ),
    "recall": Task(
        recall, (256, 4), (100, 1), 256,
        _tests(recall, "{items} items", *({"items": n} for n in (6, 8, 10, 12, 15, 20))),
        {
            "controller": "lstm", "learning_rate": 5e-4, "clip": 1.0, "gradient_clip": 1e4,
        },
    ),
    "ngrams": Task(
        DynamicNGramsTask, (100, 1), (100, 1), 128,
        _tests(DynamicNGramsTask, "{length} bits", {"length": 200}),
        {"controller": "lstm", "batches": 80_000},
    ),
    "sort": Task(
        PrioritySortTask, (512, 8), (200, 5), 128,
        _tests(PrioritySortTask, "{top} of {count}", {"count": 20, "top": 16}),
        {
            "units": 200, "heads": 4, "damping": 1e-8, "learning_rate": 1e-4,
            "batches": 220_000,
        },
    ),
}  # fmt: skip


def cost_of_the_best_guess(sequences):
    """Bits for a sequence of the optimal estimator of N-grams, on the same sequences."""
    costs = []
    for index in range(len(sequences)):
        inputs, targets, weights = sequences[index]
        guesses = sequences.optimal(inputs)
        right = np.where(targets > 0.5, guesses, 1.0 - guesses)[..., 0]
        costs.append((-np.log2(right) * weights).sum(axis=1))
    return float(np.mean(costs))
