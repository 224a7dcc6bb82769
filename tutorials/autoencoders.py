"""
# Autoencoders: from principal components to images out of nothing

An autoencoder is shown an example and has to give it back, through a code that is too small to hold
all of it, or that must be sparse, or of an example that was spoilt. So it learns what examples look
like. This is the road to DRAW: linear, deep, sparse, denoising, and the variational one, of whose
code new images can be drawn.

By default it learns digits drawn from fonts (no download), in about a minute on two cores.

    python tutorials/autoencoders.py
    python tutorials/autoencoders.py --dataset mnist --epochs 30

References: Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989; Hinton and
Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006; Vincent et al.,
"Extracting and Composing Robust Features with Denoising Autoencoders", 2008; Kingma and Welling,
"Auto-Encoding Variational Bayes", 2014
"""

import argparse
import importlib.util
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "KERAS_BACKEND" not in os.environ:
    backends = ("jax", "tensorflow", "torch")
    os.environ["KERAS_BACKEND"] = next(filter(importlib.util.find_spec, backends), "tensorflow")

import itertools

import keras
import numpy as np
from report import backend, jit_compile, positive, write_json

from keras_attn.applications import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from keras_attn.datasets import glyph_digits, mnist
from keras_attn.visualization import plot_images


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Trains the autoencoders of the lectures, and shows what each makes of images.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", choices=["glyphs", "mnist"], default="glyphs")
    add("--examples", type=positive, default=10_000, help="glyphs for training")
    add("--test", type=positive, default=2000, help="images of the test, at most")
    add("--code", type=positive, default=16, help="numbers of the small codes")
    add("--large-code", type=positive, default=1024, help="numbers of the sparse code")
    add("--epochs", type=positive, default=15)
    add("--batch-size", type=positive, default=100)
    add("--learning-rate", type=float, default=2e-3, help="its first")
    add("--seed", type=int, default=0)
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--pictures", type=Path, default=Path("pictures"), metavar="FOLDER")
    return parser.parse_args(arguments)


def load(options):
    """Images of training and test, in [0, 1]."""
    if options.dataset == "mnist":
        return mnist("train")[0], mnist("test")[0][: options.test]
    train, _ = glyph_digits("train", options.examples, seed=options.seed)
    # Of the same fonts: it is digits that are learned here, and not new fonts.
    test, _ = glyph_digits("train", options.test, seed=[options.seed, 1])
    return train, test


"""
## The models

A *linear* one finds what principal component analysis finds: with a code of n numbers no other
linear one has a smaller error. A *deep* one of the same code bends the subspace. A *sparse* one has
a code that is larger than an image, and pays for every number that is not zero. A *denoising* one
could copy, were what it sees not spoilt.
"""


def make_models(shape, options):
    small, hidden, large = options.code, (256, 64), options.large_code
    return {
        "linear": Autoencoder(shape, small, activation=None, output_activation=None),
        "deep": Autoencoder(shape, (*hidden, small)),
        "sparse": Autoencoder(shape, large, code_activation="relu", sparsity=1e-5),
        "denoising": DenoisingAutoencoder(
            shape, (large, small), corruption="salt_and_pepper", amount=0.4, seed=options.seed
        ),
        "variational": VariationalAutoencoder(
            shape, latent_units=small, units=hidden, seed=options.seed
        ),
    }


def principal_components(images, count):
    """The mean, and the first directions of most variance as rows."""
    flat = images.reshape(len(images), -1)
    mean = flat.mean(axis=0)
    _, _, directions = np.linalg.svd(flat[:5000] - mean, full_matrices=False)
    return mean, directions[:count]


def through_components(images, mean, directions):
    """Images projected on these directions."""
    centred = images.reshape(len(images), -1) - mean
    return (centred @ directions.T @ directions + mean).reshape(images.shape)


"""
## Training

The variational one has a loss of its own, a bound in nats, and trains on images alone; the others
give back what they are shown. The linear one is shown images less their mean, as principal
component analysis sees them.
"""


def train(name, model, images, options):
    steps = options.epochs * -(-len(images) // options.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    loss = None if name == "variational" else "mean_squared_error"
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=jit_compile())
    given = (images,) if name == "variational" else (images, images)
    model.fit(*given, batch_size=options.batch_size, epochs=options.epochs, verbose=0)


def error(images, others):
    """The mean of the squared differences, over an image."""
    return float(np.square(images - others).reshape(len(images), -1).sum(axis=1).mean())


"""
## What they make of images

A row for each model: what it gives back of the images above. Then what the denoising one makes of
images that were spoilt, what the variational one draws out of nothing, and the walk from one code
to another, on which every step is a digit, or nearly.
"""


def spoil(images, seed):
    """Two pixels in five black or white, as the denoising one has seen them."""
    generator = np.random.default_rng(seed)
    noise = generator.integers(0, 2, images.shape)
    return np.where(generator.random(images.shape) < 0.4, noise, images).astype("float32")


def walk(model, images, steps=10):
    """From the code of each image to that of the next, `(images - 1, steps, ...)`."""
    codes = model.encode(images)
    part = np.linspace(0.0, 1.0, steps)[:, None]
    codes = np.concatenate(
        [(1.0 - part) * one + part * other for one, other in itertools.pairwise(codes)]
    )
    return model.generate(latent=codes.astype("float32"))


def draw(models, test, rebuilt, options):
    def path(name):
        return options.pictures / f"autoencoders_{options.dataset}_{name}.png"

    columns = min(12, len(test))
    rows = {"images": test, **rebuilt}
    page = np.concatenate([each[:columns] for each in rows.values()])
    plot_images(page, columns, list(rows), path=path("reconstructions"))
    spoilt = spoil(test[:columns], options.seed)
    cleaned = models["denoising"].predict(spoilt, verbose=0)
    page = np.concatenate([test[:columns], spoilt, cleaned])
    plot_images(page, columns, ["images", "spoilt", "denoised"], path=path("denoised"))
    plot_images(models["variational"].generate(64, seed=options.seed), path=path("generated"))
    plot_images(walk(models["variational"], test[:6]), 10, path=path("walk"))


def main(arguments=None):
    options = parse_arguments(arguments)
    start = time.perf_counter()
    keras.utils.set_random_seed(options.seed)
    images, test = load(options)
    print(f"{options.dataset}, on {backend()}: {len(images)} images")
    mean, directions = principal_components(images, options.code)
    rebuilt = {"components": through_components(test, mean, directions)}
    models, figures = make_models(images.shape[1:], options), {}
    centre = mean.reshape(images.shape[1:]).astype("float32")
    for name, model in models.items():
        away = centre if name == "linear" else 0.0
        train(name, model, images - away, options)
        if name == "variational":
            rebuilt[name] = model.reconstruct(test, seed=options.seed)
        else:
            rebuilt[name] = model.predict(test - away, verbose=0) + away
    for name, given_back in rebuilt.items():
        figures[name] = {"error": error(test, given_back)}
        print(f"  {name:12} squared error of an image {figures[name]['error']:7.3f}")
    # Of how many dimensions the linear one has found the same as the components have: the cosines
    # of the angles between the two subspaces, squared, add up to all of them.
    kernel = keras.ops.convert_to_numpy(models["linear"].decoder[-1].kernel)
    basis, _ = np.linalg.qr(kernel.T)
    shared = float(np.square(directions @ basis).sum())
    print(f"  the linear one spans {shared:.2f} of the {options.code} principal components")
    bound = models["variational"].evaluate(test, verbose=0, return_dict=True)
    print(f"  the variational one's bound is {bound['loss']:.2f} nats for an image")
    draw(models, test, rebuilt, options)
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} seconds. Pictures in {options.pictures}/")
    if options.json:
        figures["linear"]["principal_components"] = shared
        figures["variational"]["bound"] = float(bound["loss"])
        write_json(options.json, options, seconds=seconds, models=figures)


if __name__ == "__main__":
    main()
