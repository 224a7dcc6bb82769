"""Data of `captioning.py`: generated scenes, or photographs with VGG16 features.

Each scene has five sentences to be compared with, out of all that are right. An epoch sees one of
them.
"""

import numpy as np

from keras_attn.applications import ShowAttendTell
from keras_attn.datasets import (
    DescribedScenes,
    ImageCaptions,
    ImageFiles,
    TextTokenizer,
    cached_features,
    captioned_images,
    described_scenes,
    glyph_digits,
    mnist,
)


def load(options):
    """Scenes or photographs by split, and a tokenizer for the captions of the training."""
    scenes = photographs(options) if options.images else made_up(options)
    texts = [text for each in scenes["train"].captions for text in each]
    return scenes, TextTokenizer.train(texts, lowercase=True, min_frequency=2)


def made_up(options):
    """Scenes with shapes or digits; those of the test have arrangements and digits of their own."""
    digits = {"shapes": None, "digits": glyph_digits, "mnist": mnist}[options.things]
    sizes = {"train": options.examples, "val": options.validation, "test": options.test}
    scenes = {}
    for number, (name, size) in enumerate(sizes.items()):
        split = "test" if name == "test" else "train"
        scenes[name] = described_scenes(
            split,
            size,
            digits=digits and digits(split),
            seed=[options.seed, number],
        )
    return scenes


def photographs(options):
    """A tenth for the validation and a tenth for the test."""
    paths, captions = captioned_images(options.images, options.captions)
    order = np.random.default_rng(options.seed).permutation(len(paths))
    tenth = max(1, len(paths) // 10)
    parts = {"train": order[2 * tenth :], "val": order[:tenth], "test": order[tenth : 2 * tenth]}
    return {
        name: DescribedScenes(
            ImageFiles([paths[row] for row in rows], (options.size, options.size)),
            [captions[row] for row in rows],
            None,
            None,
        )
        for name, rows in parts.items()
    }


def seen_by(scenes, options):
    """Returns the inputs of the captioner: pixels, or VGG16 features cached beside the images."""
    if not options.images or options.encoder == "small":
        return {name: each.images for name, each in scenes.items()}
    weights = None if options.encoder_weights == "none" else options.encoder_weights
    shape = (options.size, options.size, 3)
    network = ShowAttendTell(shape, 10, encoder="vgg16", encoder_weights=weights).features
    folder = options.pictures / f"vgg16_{options.size}_{options.encoder_weights}_{options.seed}"
    return {
        name: cached_features(network, each.images, folder / f"{name}.npy", verbose=1)
        for name, each in scenes.items()
    }


def batches(images, scenes, tokenizer, options, shuffle=True):
    """Images and captions for `fit`."""
    ids = [tokenizer.encode(captions) for captions in scenes.captions]
    return ImageCaptions(
        images, ids, options.batch_size, pad_to_multiple_of=20, shuffle=shuffle, seed=options.seed
    )
