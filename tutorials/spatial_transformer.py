"""
# Spatial transformers: a network that straightens what it reads

Digits lie rotated, scaled and anywhere in the picture. A convolutional network has to learn each of
these poses. A spatial transformer learns instead *where to look*: a small network infers a
transformation from the image, the image is sampled along the transformed grid, and the classifier
behind it sees digits that are all alike. Nobody tells it what upright is. It learns that from the
labels of the digits alone, because sampling is differentiable.

This file trains the same classifier with and without a transformer, at an equal number of weights
and on the same batches, compares their errors on a test set that neither has seen, and draws what
the transformer attends to. Run it as it is, or on the real thing:

    python tutorials/spatial_transformer.py
    python tutorials/spatial_transformer.py --dataset mnist --distortion RTS --epochs 30

Reference: Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
"""

import argparse
import importlib.util
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "KERAS_BACKEND" not in os.environ:
    # The fastest first: on a CPU, TensorFlow runs these convolutions fastest.
    backends = ("tensorflow", "jax", "torch")
    os.environ["KERAS_BACKEND"] = next(filter(importlib.util.find_spec, backends), "tensorflow")

import keras
import numpy as np
from report import backend, positive, write_json

from keras_attn.applications import SpatialTransformerClassifier
from keras_attn.datasets import DistortedDigits, distort, glyph_digits, mnist
from keras_attn.visualization import (
    SpatialTransformerPictures,
    plot_learning_curves,
    plot_spatial_transformer,
)

TRANSFORMATIONS = (
    "translation", "attention", "similarity", "affine", "projective", "thin_plate_spline", "flow",
)  # fmt: skip


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains a digit classifier with and without a spatial transformer.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", choices=["glyphs", "mnist"], default="glyphs", help="glyphs need no download")
    add("--data-dir", metavar="FOLDER", help="of the tensorflow-datasets, for MNIST")
    add("--distortion", choices=["none", "R", "RTS", "P", "E", "T", "TC"], default="RTS")
    add("--transformation", choices=TRANSFORMATIONS, default="affine")
    add("--backbone", choices=["cnn", "fcn"], default="cnn")
    add("--heads", type=positive, default=1, help="transformers side by side")
    add("--output-size", type=positive, default=28, help="side of what a transformer gives, pixels")
    add("--antialias", action="store_true", help="average where the transformer minifies")
    add("--networks", choices=["both", "with", "without"], default="both")
    add("--epochs", type=positive, default=7)
    add("--batch-size", type=positive, default=32)
    add("--learning-rate", type=float, default=1e-3, help="its peak")
    add("--seed", type=int, default=0)
    add("--validation", type=int, default=1000, metavar="N", help="training images held out")
    add(
        "--examples", type=positive, metavar="N", help="use N images of either set, for a quick try"
    )
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FOLDER", help="save the trained models there")
    options = parser.parse_args(arguments)
    if options.learning_rate <= 0:
        parser.error("argument --learning-rate: must be positive")
    if options.seed < 0 or options.validation < 0:
        parser.error("arguments --seed and --validation: must not be negative")
    if options.examples is not None and options.examples <= options.validation:
        parser.error("argument --examples: must leave some beside the --validation images")
    return options


"""
## Data

Training images are distorted anew in every epoch. Validation and test images are distorted once;
the test images are not looked at before the end. The glyphs are digits of matplotlib's fonts: those
of the test come from font families that training and validation do not have, so the test error is
the higher one.
"""


def load(options):
    if options.dataset == "mnist":
        clean = {split: mnist(split, options.data_dir) for split in ("train", "test")}
    else:
        clean = {split: glyph_digits(split) for split in ("train", "test")}
    if options.examples:
        clean = {
            split: (images[: options.examples], labels[: options.examples])
            for split, (images, labels) in clean.items()
        }
    images, labels = clean["train"]
    held_out = len(images) - options.validation
    if held_out < 1:
        raise SystemExit(f"--validation {options.validation}: there are {len(images)} images")
    clean["validation"] = images[held_out:], labels[held_out:]
    images, labels = images[:held_out], labels[:held_out]
    # All clutter is cut from training images.
    clutter = {"distractors": images} if options.distortion == "TC" else {}
    fixed = {
        split: (distort(clean[split][0], options.distortion, seed, **clutter), clean[split][1])
        for seed, split in ((1_000_001, "validation"), (1_000_002, "test"))
    }
    return (images, labels), fixed["validation"], fixed["test"]


"""
## Networks

The two differ in the transformer alone: the classifier's dense layer is narrower by what the
localization network costs, so that both have the same number of weights.
"""


def make_network(options, image_shape, with_transformer):
    transformer = {}
    if with_transformer:
        size = options.output_size
        transformer = {
            "num_heads": options.heads,
            "initialization": "tiling" if options.heads > 1 else "identity",
            "output_size": (size, size),
            "antialias": options.antialias,
        }
    return SpatialTransformerClassifier(
        image_shape,
        num_classes=10,
        backbone=options.backbone,
        transformation=options.transformation if with_transformer else None,
        data_format="channels_last",
        **transformer,
    )


def train_network(network, options, train, validation, callbacks):
    # Made anew for each network, so that all see the same images, distorted alike.
    train = DistortedDigits(
        *train, options.distortion, batch_size=options.batch_size, seed=options.seed
    )
    validation = validation if options.validation else None
    steps = options.epochs * len(train)
    warmup = min(steps // 10, 500)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=options.learning_rate, warmup_steps=warmup
    )
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = network.fit(
        train,
        epochs=options.epochs,
        shuffle=False,  # the batches are shuffled images already
        validation_data=validation,
        validation_batch_size=500,
        callbacks=callbacks,
    ).history
    history = {name: [float(value) for value in values] for name, values in history.items()}
    for prefix in ("", "val_") if options.validation else ("",):
        history[f"{prefix}error"] = [
            round(100 * (1 - value), 4) for value in history[f"{prefix}accuracy"]
        ]
    return history


"""
## Pictures

What the transformer attends to: the border of the region it samples, drawn on the input, and the
output that the classifier sees. Those of validation images, drawn as training goes on, show how it
learns to look.
"""


def draw_attention(network, images, labels, predictions, options, count=12):
    images, labels = images[:count], labels[:count]
    captions = [f"label {label}" for label in labels]
    for name, guesses in predictions.items():
        captions = [
            f"{caption}\n{name}: {guess} {'✓' if guess == label else '✗'}"
            for caption, guess, label in zip(captions, guesses[:count], labels, strict=True)
        ]
    warped, theta, grid = network.transformations(images)
    plot_spatial_transformer(
        images,
        warped,
        grid,
        theta,
        captions=captions,
        columns=3 if options.heads == 1 else 1,
        data_format="channels_last",
        path=options.pictures / "spatial_transformer.png",
    )


"""
## Everything together
"""


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    train, validation, test = load(options)
    counts = {"train": len(train[0]), "validation": len(validation[0]), "test": len(test[0])}
    print(f"{options.dataset}, distorted by {options.distortion}, on {backend()}:", counts)

    plain, transforming = options.backbone.upper(), f"ST-{options.backbone.upper()}"
    names = {"without": [plain], "with": [transforming], "both": [plain, transforming]}
    results, predictions = {}, {}
    for name in names[options.networks]:
        keras.utils.set_random_seed(options.seed)
        network = make_network(options, test[0].shape[1:], with_transformer=name == transforming)
        print(f"\n{name}: {network.count_params():,} weights")
        callbacks = []
        if name == transforming and options.validation:
            pictures = SpatialTransformerPictures(
                validation[0][:4],
                options.pictures / "training",
                frequency=max(1, options.epochs // 10),
                columns=2,
                data_format="channels_last",
            )
            callbacks = [pictures]
        begin = time.perf_counter()
        history = train_network(network, options, train, validation, callbacks)
        seconds = time.perf_counter() - begin
        predictions[name] = np.argmax(network.predict(test[0], batch_size=500, verbose=0), axis=-1)
        results[name] = {
            "parameters": network.count_params(),
            "seconds": seconds,
            "validation_error": history["val_error"][-1] if options.validation else None,
            "test_error": 100 * float(np.mean(predictions[name] != test[1])),
            "history": history,
        }
        if options.weights:
            options.weights.mkdir(parents=True, exist_ok=True)
            network.save(options.weights / f"{name.lower()}.keras")
        if name == transforming:
            draw_attention(network, *test, predictions, options)

    plot_learning_curves(
        {name: result["history"] for name, result in results.items()},
        metric="val_error" if options.validation else "error",
        label=("validation" if options.validation else "training") + " error, %",
        scale="log",
        path=options.pictures / "learning_curves.png",
    )
    seconds = time.perf_counter() - start
    print(f"\n{'':10}{'weights':>12}{'test error':>14}")
    for name, result in results.items():
        print(f"{name:10}{result['parameters']:12,}{result['test_error']:12.2f} %")
    files = ", ".join(sorted(file.name for file in options.pictures.iterdir()))
    print(f"\n{seconds:.0f} seconds. Pictures in {options.pictures}/: {files}")
    if options.json:
        write_json(options.json, options, examples=counts, seconds=seconds, networks=results)


if __name__ == "__main__":
    main()
