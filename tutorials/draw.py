"""
# DRAW: a network that paints

A variational autoencoder squeezes an image into a few numbers, and makes an image of the numbers,
all at once. DRAW does it step by step, as people draw: it looks at a part of the image, sees what
is missing on its canvas, tells the decoder in a few numbers what to do, and the decoder paints a
stroke there. Where it looks and where it paints are windows of Gaussian filters, which it learns to
move, to widen and to sharpen. To generate, the decoder is told random numbers, and paints.

By default it learns digits drawn from fonts (no download), in about five minutes on two cores. Its
cost is a bound, in nats for an image: what it takes to tell the image with its help.

    python tutorials/draw.py
    python tutorials/draw.py --dataset binarized_mnist --folder FOLDER --steps 64
    python tutorials/draw.py --no-attention

Reference: Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015,
https://arxiv.org/abs/1502.04623
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
from report import backend, jit_compile, positive, write_json

from keras_attn.applications import DRAW
from keras_attn.datasets import BinarizedImages, binarized_mnist, glyph_digits, mnist
from keras_attn.visualization import (
    animate_canvases,
    plot_canvases,
    plot_images,
    plot_learning_curves,
)


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains DRAW, and shows how it paints.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", choices=["glyphs", "mnist", "binarized_mnist"], default="glyphs")
    add("--folder", type=Path, help="of the files of binarized_mnist; else through tfds")
    add("--examples", type=positive, default=10_000, help="glyphs for training")
    add("--validation", type=positive, default=1000, help="glyphs or digits")
    add("--test", type=positive, default=10_000, help="images of the test, at most")
    add("--steps", type=positive, default=10, help="glimpses; 64 in the paper")
    add("--units", type=positive, default=256)
    add("--latent", type=positive, default=100, help="numbers that the decoder is told at a step")
    add("--read", type=positive, default=5, help="filters of a read, in each direction")
    add("--write", type=positive, default=5, help="filters of a write, in each direction")
    add("--no-attention", action="store_true", help="look and paint everywhere")
    add("--epochs", type=positive, default=20)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=2e-3, help="its peak")
    add("--clip", type=float, default=5.0, help="the longest gradient")
    add("--samples", type=positive, default=10, help="of the estimate of the likelihood")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    add("--weights", type=Path, metavar="FILE", help="save the trained model there, .keras")
    return parser.parse_args(arguments)


"""
## Data

Bits: a grey pixel is 1 as often as it is bright. Training draws them anew in every epoch; the fixed
binarisation, on which papers report their bounds, is what its name says.
"""


def load(options):
    """Training, validation and test, as `fit` takes them."""
    draws = {"batch_size": options.batch_size, "seed": options.seed}
    if options.dataset == "binarized_mnist":
        names = ("train", "validation", "test")
        train, validation, test = (binarized_mnist(name, options.folder) for name in names)
        # Zeros and ones are drawn as they are: this batches and shuffles them.
        return (
            BinarizedImages(train, **draws),
            BinarizedImages(validation, shuffle=False, fixed=True, **draws),
            test[: options.test],
        )
    if options.dataset == "mnist":
        (images, _), (test, _) = mnist("train"), mnist("test")
    else:
        images, _ = glyph_digits("train", options.examples + options.validation, seed=options.seed)
        # Of the same fonts: it is digits that are learned here, and not new fonts.
        test, _ = glyph_digits("train", min(options.test, 2000), seed=[options.seed, 1])
    held = options.validation
    (test,) = BinarizedImages(test[: options.test], len(test), shuffle=False)[0]
    return (
        BinarizedImages(images[held:], **draws),
        BinarizedImages(images[:held], shuffle=False, fixed=True, **draws),
        test,
    )


"""
## The model, and its training

The loss is the model's own, so that `compile` needs no more than an optimizer.
"""


def make_model(options):
    sizes = {"read_size": options.read, "write_size": options.write}
    if options.no_attention:
        sizes = dict.fromkeys(sizes)
    return DRAW(
        (28, 28, 1),
        steps=options.steps,
        units=options.units,
        latent_units=options.latent,
        data_format="channels_last",
        seed=options.seed,
        **sizes,
    )


def train_model(model, train, validation, options):
    steps = options.epochs * len(train)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=options.learning_rate, warmup_steps=steps // 20
    )
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=options.clip), jit_compile=jit_compile()
    )
    history = model.fit(train, validation_data=validation, epochs=options.epochs, verbose=2).history
    return {name: [float(value) for value in values] for name, values in history.items()}


"""
## What it paints

The pictures: digits as they come to be, from random numbers and from images of the test, with the
window of every stroke in red and of every look in green; and a page of finished ones.
"""


def draw(model, test, options):
    folder, name = options.pictures, f"draw_{options.dataset}"
    name += "_whole" if options.no_attention else ""
    painted = model.generate(64, seed=options.seed)
    plot_images(painted["images"][:, -1], path=folder / f"{name}_generated.png")
    few = {
        kind: keras.tree.map_structure(lambda each: each[:16], value)
        for kind, value in painted.items()
    }
    plot_canvases(
        keras.tree.map_structure(lambda each: each[:4], few),
        title="painted from random numbers",
        path=folder / f"{name}_canvases.png",
    )
    animate_canvases(few, folder / f"{name}.gif")
    again = model.reconstruct(test[:4], seed=options.seed)
    plot_canvases(
        again,
        test[:4],
        title="painted from images",
        path=folder / f"{name}_reconstructions.png",
    )


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    keras.utils.set_random_seed(options.seed)
    train, validation, test = load(options)
    model = make_model(options)
    print(
        f"{options.dataset}, on {backend()}: {len(train.images)} images, "
        f"{model.count_params():,} weights"
    )
    model.initialize_from(train.images)
    history = train_model(model, train, validation, options)
    trained = time.perf_counter() - start
    found = model.evaluate(test, batch_size=100, verbose=0, return_dict=True)
    # From all over the test: digits that stand side by side in it may be alike.
    some = test[:: max(1, len(test) // 1000)]
    likelihood = float(model.log_likelihood(some, options.samples, seed=0).mean())
    draw(model, test, options)
    plot_learning_curves(
        {"training": [history], "validation": [{"loss": history["val_loss"]}]},
        metric="loss",
        label="bound, nats for an image",
        path=options.pictures / f"draw_{options.dataset}_curves.png",
    )
    print(
        f"\ntest: bound {found['loss']:.2f} nats for an image, of which reconstruction "
        f"{found['reconstruction']:.2f} and divergence {found['kl_divergence']:.2f}; -log p(x) of "
        f"{len(some)} of them, by {options.samples} samples, {-likelihood:.2f}"
    )
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} seconds, {trained:.0f} of training. Pictures in {options.pictures}/")
    if options.weights:
        options.weights.parent.mkdir(parents=True, exist_ok=True)
        model.save(options.weights)
    if options.json:
        figures = {name: float(value) for name, value in found.items()}
        write_json(
            options.json,
            options,
            parameters=model.count_params(),
            seconds=seconds,
            training_seconds=trained,
            test={**figures, "negative_log_likelihood": -likelihood},
            history=history,
        )


if __name__ == "__main__":
    main()
