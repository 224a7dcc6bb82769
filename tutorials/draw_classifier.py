"""
# Reading as DRAW reads: a classifier that looks at parts of an image

A digit lies somewhere in a large image, among pieces of other digits. A network that reads it
through a window of a few filters has to find it first: it begins with the whole image, blurred, and
moves its window and narrows it from look to look. Unlike with hard glimpses, where it looks is
trained by gradients alone.

By default the digits are drawn from fonts and the image is small (no download), a few minutes on
two cores; beside it is trained the same network that sees the whole image at every step.

    python tutorials/draw_classifier.py
    python tutorials/draw_classifier.py --dataset mnist --size 100 --distractors 8
    python tutorials/draw_classifier.py --networks attention --steps 4

The longer the training, the smaller the rate that it bears: windows that leave the image do not
find back. The paper's task takes `--epochs 120 --learning-rate 4e-4`, to 4.1 % of the test wrong.

Reference: Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, section
4.1, https://arxiv.org/abs/1502.04623
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
from report import backend, jit_compile, positive, write_json

from keras_attn.applications import DRAWClassifier
from keras_attn.datasets import DistortedDigits, distort, glyph_digits, mnist
from keras_attn.visualization import plot_canvases, plot_learning_curves

NETWORKS = {"attention": "with attention", "whole": "whole image"}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains a classifier that reads parts of an image, and shows which.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", choices=["glyphs", "mnist"], default="glyphs")
    add("--size", type=positive, default=60, help="side of the image, pixels")
    add("--distractors", type=int, default=4, help="pieces of other digits, 8 by 8 pixels")
    add("--examples", type=positive, help="digits for training, at most")
    add("--validation", type=positive, default=1000, help="digits of training held out")
    add("--test", type=positive, default=10_000, help="digits of the test, at most")
    add("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    add("--steps", type=positive, default=8, help="looks at an image")
    add("--units", type=positive, default=256)
    add("--read", type=positive, default=12, help="filters of a look, in each direction")
    add("--epochs", type=positive, default=15)
    add("--batch-size", type=positive, default=100)
    add("--learning-rate", type=float, default=1e-3, help="its peak")
    add("--clip", type=float, default=1.0, help="the longest gradient")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    return parser.parse_args(arguments)


"""
## Data

Digits are placed and cluttered anew in every epoch. Those of validation and test are placed once;
all clutter is cut from digits of training.
"""


def load(options):
    """Training, and validation and test, each images and labels."""
    clean = mnist if options.dataset == "mnist" else glyph_digits
    (images, labels), (test, test_labels) = clean("train"), clean("test")
    held, last = options.validation, options.examples and options.examples + options.validation
    clutter = {
        "size": options.size,
        "num_distractors": options.distractors,
        "distractor_size": 8,
        "distractors": images[held:last],
    }
    train = DistortedDigits(
        images[held:last], labels[held:last], "TC", options.batch_size, options.seed, **clutter
    )
    validation = distort(images[:held], "TC", 1_000_001, **clutter), labels[:held]
    some = slice(options.test)
    return train, validation, (distort(test[some], "TC", 1_000_002, **clutter), test_labels[some])


def make_network(name, options):
    model = DRAWClassifier(
        (options.size, options.size, 1),
        10,
        steps=options.steps,
        units=options.units,
        read_size=options.read if name == "attention" else None,
        data_format="channels_last",
    )
    if name == "attention":
        model.initialize_to_full_image()
    return model


def train_network(model, train, validation, options):
    steps = options.epochs * len(train)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=options.learning_rate, warmup_steps=steps // 20
    )
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=options.clip),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit_compile(),
    )
    history = model.fit(train, validation_data=validation, epochs=options.epochs, verbose=2).history
    history = {name: [float(value) for value in values] for name, values in history.items()}
    return {**history, "val_error": [100.0 * (1.0 - each) for each in history["val_accuracy"]]}


"""
## Where it looks

A row for each image, a column for each look, with the window's outermost filters as its frame.
"""


def draw(model, images, options):
    shown = images[:6]
    looks = {
        "images": np.repeat(shown[:, None], options.steps, axis=1),
        "read_window": model.windows(shown),
    }
    plot_canvases(
        looks,
        title="where it looks",
        path=options.pictures / f"draw_classifier_{options.dataset}_windows.png",
    )


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    train, validation, test = load(options)
    print(f"{options.dataset}, on {backend()}: {len(train.images)} digits for training")
    results = {}
    for name in options.networks:
        keras.utils.set_random_seed(options.seed)
        model = make_network(name, options)
        print(f"\n{NETWORKS[name]}: {model.count_params():,} weights")
        begin = time.perf_counter()
        history = train_network(model, train, validation, options)
        seconds = time.perf_counter() - begin
        found = model.evaluate(*test, verbose=0, return_dict=True)
        error = 100.0 * (1.0 - float(found["accuracy"]))
        print(f"{NETWORKS[name]}: {error:.2f} % of the test wrong, {seconds:.0f} seconds")
        results[name] = {
            "parameters": model.count_params(),
            "test_error": error,
            "seconds": seconds,
            "history": history,
        }
        if name == "attention":
            draw(model, test[0], options)
        if options.weights:
            options.weights.mkdir(parents=True, exist_ok=True)
            model.save(options.weights / f"{options.dataset}_{name}.keras")
    plot_learning_curves(
        {NETWORKS[name]: [run["history"]] for name, run in results.items()},
        metric="val_error",
        label="error on validation, %",
        path=options.pictures / f"draw_classifier_{options.dataset}_curves.png",
    )
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} seconds. Pictures in {options.pictures}/")
    if options.json:
        write_json(options.json, options, seconds=seconds, networks=results)


if __name__ == "__main__":
    main()
