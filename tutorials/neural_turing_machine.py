"""
# Neural Turing Machines: a network that learns to use a memory

A recurrent network keeps what it knows in a state of fixed size. A Neural Turing Machine has a
memory beside it, which it writes and reads a little everywhere and mostly at one place, so that it
can be trained by gradients; it learns from examples alone where to put things and where to find
them again. What it learns is closer to a program than to a memory of the examples: trained to copy
sequences of up to 20 vectors, it copies sequences many times as long.

By default it learns to copy, in about five minutes on a core, and is then tried on lengths that
it has never seen. The other tasks are those of the paper: repeated copies (`repeat_copy`), the item
that followed another (`recall`), bits whose odds have to be found out (`ngrams`), and sorting
(`sort`). `--networks ntm lstm` trains the paper's LSTM beside it.

    python tutorials/neural_turing_machine.py
    python tutorials/neural_turing_machine.py --task recall --networks ntm lstm
    python tutorials/neural_turing_machine.py --seeds 0 1 2 3 4

Reference: Graves, Wayne and Danihelka, "Neural Turing Machines", 2014,
https://arxiv.org/abs/1410.5401
"""

import argparse
import importlib.util
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "KERAS_BACKEND" not in os.environ:
    # The fastest first: loops over steps are compiled as a whole by JAX.
    backends = ("jax", "tensorflow", "torch")
    os.environ["KERAS_BACKEND"] = next(filter(importlib.util.find_spec, backends), "tensorflow")

import keras
import numpy as np
from memory_tasks import TASKS, cost_of_the_best_guess
from report import backend, jit_compile, positive, write_json

from keras_attn import NTMCell
from keras_attn.applications import NeuralTuringMachine, StackedLSTM
from keras_attn.metrics import BitError, BitsPerSequence, SequenceError
from keras_attn.visualization import (
    animate_memory,
    plot_learning_curves,
    plot_memory_use,
    plot_sequence_task,
)

NAMES = {"ntm": "NTM", "lstm": "LSTM"}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains a Neural Turing Machine, and shows what it does with its memory. "
        "Defaults are those of copying; other tasks have some of their own.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--task", choices=list(TASKS), default="copy")
    add("--networks", nargs="+", choices=list(NAMES), default=["ntm"])
    add("--controller", choices=["feedforward", "lstm", "gru"], default="feedforward")
    add("--units", type=positive, help="of the controller; by default the paper's for the task")
    add("--heads", type=positive, help="of each kind; by default the paper's for the task")
    add("--locations", type=positive, default=128, help="of the memory")
    add("--width", type=positive, default=20, help="of the memory")
    add("--batches", type=positive, default=80_000)
    add("--batch-size", type=positive, default=1)
    add("--growth", type=int, default=0, help="epochs until sequences are as long as they get")
    add("--learning-rate", type=float, default=1e-3, help="its peak")
    add("--damping", type=float, default=1e-4, help="of the optimizer, see Training")
    add("--clip", type=float, default=10.0, help="the longest gradient")
    add("--gradient-clip", type=float, default=0.05, help="the largest between steps, see Training")
    add("--seeds", nargs="+", type=int, default=[0], help="one run for each")
    add("--test-sequences", type=positive, default=256, help="for each length that is tried")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    known, _ = parser.parse_known_args(arguments)
    parser.set_defaults(**TASKS[known.task].defaults)
    return parser.parse_args(arguments)


"""
## Models

The machine of the paper: a controller of 100 units or so, one head that reads and one that writes,
and 128 places for vectors of 20 numbers. The LSTM has three layers and many times the weights.
"""


def make_model(network, task, options):
    chosen, sequences = TASKS[options.task], task()
    channels = sequences.input_channels, sequences.target_channels
    if network == "lstm":
        return StackedLSTM(*channels, units=chosen.lstm_units)
    feedforward = options.controller == "feedforward"
    units, heads = chosen.feedforward if feedforward else chosen.recurrent
    heads = options.heads or heads
    cell = NTMCell(
        options.units or units,
        memory_locations=options.locations,
        memory_width=options.width,
        num_read_heads=heads,
        num_write_heads=heads,
        controller=options.controller,
        gradient_clip=options.gradient_clip,
    )
    return NeuralTuringMachine(*channels, cell)


"""
## Training

Every batch is new, so that there is nothing to overfit. The cost is counted as in the paper, in
bits for a sequence: of an answer of n random bits, guessing costs n.

A batch is one sequence: what counts is the number of steps, and machines that took a step for each
sequence were more often right about lengths that they had never seen. The optimizer is the paper's:
RMSProp with momentum, which divides by the deviation of the gradients and not by their size. Its
damping matters most. Optimizers with little of it, such as Adam, take large steps where gradients
have become small: the machine is thrown off, or counts steps in ways that fit the lengths that it
sees, and fails at others. So it does where the rate rises fast: what it learns in its first
thousands of steps, it keeps. Sorting is the exception: its first gradients are so small that with
as much damping nothing is learned.

Now and then one sequence throws off a machine that has learned. It comes back, and costs as little
as before, but what it finds then fails more often at lengths that it does not see. Shortening all
long gradients (`--clip 1`) does not help: the machine is thrown off as often, and comes back more
slowly or never.

Copies that are asked for several times over are learned from short sequences and few times first,
which grow in sixteen of the fifty epochs (`--growth`): of full length at once, more of the machines
learn nothing.

Gradients that go back through hundreds of steps can grow at each of them, and hide all that the
nearer steps say. `--gradient-clip` keeps what goes from a step to the one before within a limit, as
the paper does: its 10, of the sum over a sequence, is about 0.05 of the mean. N-grams, sequences of
200 bits, are not learned without, and copies are thrown off less far.
"""

EPOCHS = 50  # each a point of the learning curve


class RiseAndFall(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises in an eighth of the steps, holds, and falls to nothing in three tenths."""

    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        over = keras.ops.cast(step, "float32") / self.steps
        height = keras.ops.minimum(keras.ops.minimum(8.0 * over, 1.0), (1.0 - over) / 0.3)
        return self.peak * keras.ops.maximum(height, 0.0)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def train_model(model, task, seed, options):
    steps = max(1, options.batches // EPOCHS)
    epochs = -(-options.batches // steps)
    model.compile(
        optimizer=keras.optimizers.RMSprop(
            RiseAndFall(options.learning_rate, epochs * steps),
            rho=0.95,
            momentum=0.9,
            epsilon=options.damping,
            centered=True,
            global_clipnorm=options.clip,
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        # Weighted: they count where an answer is due.
        weighted_metrics=[BitsPerSequence(), BitError(), SequenceError()],
        jit_compile=jit_compile(),
    )
    sequences = task(
        batch_size=options.batch_size,
        steps_per_epoch=steps,
        seed=seed,
        curriculum_epochs=options.growth,
    )
    history = model.fit(sequences, epochs=epochs, verbose=2).history
    history = {name: [float(value) for value in values] for name, values in history.items()}
    seen = steps * options.batch_size / 1000.0
    return {**history, "sequences": [seen * (epoch + 1) for epoch in range(epochs)]}


"""
## What it does where it has never been

Longer sequences, more copies, more items than in training. The weights stay as they are.
"""


def judge(model, options):
    found = {}
    for name, make in TASKS[options.task].tests.items():
        size = min(options.test_sequences, 32)
        batches = -(-options.test_sequences // size)
        sequences = make(batch_size=size, steps_per_epoch=batches, fixed=True, seed=99)
        figures = model.evaluate(sequences, verbose=0, return_dict=True)
        found[name] = {kind: float(value) for kind, value in figures.items() if kind != "loss"}
        if options.task == "ngrams":
            found[name]["best_guess"] = cost_of_the_best_guess(sequences)
        print(f"  {name:28}" + "".join(f"{k} {v:9.4f}  " for k, v in found[name].items()))
    return found


def draw(network, model, options):
    """Plots the outputs and the memory access for one sequence of each test."""
    folder, tests = options.pictures, TASKS[options.task].tests
    batches = [
        make(batch_size=1, steps_per_epoch=1, fixed=True, seed=7)[0] for make in tests.values()
    ]
    outputs = [
        keras.ops.convert_to_numpy(keras.ops.sigmoid(model.predict(inputs, verbose=0)))[0]
        for inputs, _, _ in batches
    ]
    inputs, targets, masks = ([batch[n][0] for batch in batches] for n in range(3))
    plot_sequence_task(
        inputs,
        targets,
        outputs,
        mask=[mask > 0 for mask in masks],
        titles=list(tests),
        path=folder / f"{options.task}_{network}.png",
    )
    if network == "ntm":
        first = batches[0][0]
        trace = {
            name: keras.ops.convert_to_numpy(each) for name, each in model.trace(first).items()
        }
        shown = {"inputs": first, "outputs": np.asarray(outputs[0])[None]}
        plot_memory_use(trace, **shown, path=folder / f"{options.task}_memory.png")
        animate_memory(trace, folder / f"{options.task}_memory.gif", **shown)


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    task = TASKS[options.task].task
    print(f"{options.task}, on {backend()}: {options.batches} batches of {options.batch_size}")
    results = {}
    for network in options.networks:
        results[network] = []
        for seed in options.seeds:
            keras.utils.set_random_seed(seed)
            model = make_model(network, task, options)
            print(f"\n{NAMES[network]}, seed {seed}: {model.count_params():,} weights")
            begin = time.perf_counter()
            history = train_model(model, task, seed, options)
            seconds = time.perf_counter() - begin
            results[network].append(
                {
                    "seed": seed,
                    "parameters": model.count_params(),
                    "seconds": seconds,
                    "tests": judge(model, options),
                    "history": history,
                }
            )
            if seed == options.seeds[0]:
                draw(network, model, options)
            if options.weights:
                options.weights.mkdir(parents=True, exist_ok=True)
                model.compile()  # A file with a rate of ours could not be loaded elsewhere.
                model.save(options.weights / f"{options.task}_{network}_{seed}.keras")
    plot_learning_curves(
        {NAMES[network]: [run["history"] for run in runs] for network, runs in results.items()},
        metric="bits_per_sequence",
        label="cost per sequence, bits",
        scale="log",
        x="sequences",
        x_label="sequences seen, thousands",
        path=options.pictures / f"{options.task}_curves.png",
    )
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures in {options.pictures}/")
    if options.json:
        write_json(options.json, options, seconds=seconds, networks=results)


if __name__ == "__main__":
    main()
