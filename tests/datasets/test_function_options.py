"""Every argument of the functions that generate data has an effect; others are the same again."""

import inspect

import keras
import numpy as np
import pytest

from keras_attn import datasets

# Uses no tensors.
pytestmark = pytest.mark.once

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.random((6, 12, 12, 1), dtype="float32")
LABELS = np.arange(6) % 3
OTHER = {"images": IMAGES[::-1]}
LABELED = {**OTHER, "labels": LABELS[::-1]}
SEEDS = {"seed": 1, "verbose": 1}
SHOWN = {"return_theta": True, "return_boxes": True, **SEEDS}
TEXT = {"split": "test", "num_pairs": 10, "seed": 1}
CLUTTER = {"distractors": 1 - IMAGES, "num_distractors": 3, "distractor_size": 5}
# Name → (arguments, argument → another value).
FUNCTIONS = {
    "caption_attributes": (
        {"captions": [["a dog", "a dog runs"], ["a cat"]]},
        {"captions": [["a cat"]], "attributes": ["cat"], "count": 1, "ignore": ()},
    ),
    "cluttered": ({"images": IMAGES, "size": 20}, {**OTHER, **CLUTTER, "size": 24, **SHOWN}),
    "co_localization": (
        {"images": IMAGES, "labels": LABELS, "digit": 0, "num_images": 2, "size": 20},
        {**LABELED, "digit": 1, "num_images": 1, "clutter": False, "size": 24, "seed": 1,
         "distractors": 1 - IMAGES},
    ),
    "date_pairs": ({"num_pairs": 20}, {**TEXT, "lowercase": False}),
    "described_scenes": (
        {"num_scenes": 2, "size": 48},
        {"split": "test", "num_scenes": 1, "size": 64, "digits": (IMAGES, LABELS),
         "references": 2, **SEEDS},
    ),
    "digit_pairs": ({"images": IMAGES, "labels": LABELS}, {**LABELED, "num_pairs": 3, **SEEDS}),
    "digit_sequences": (
        {"images": IMAGES, "labels": LABELS},
        {**LABELED, "num_sequences": 3, "max_length": 3, "size": 40, "blank": 4, **SEEDS},
    ),
    "distort": (
        {"images": IMAGES, "kind": "TC", "size": 20},
        {**OTHER, "kind": "T", **CLUTTER, "size": 24, **SHOWN},
    ),
    "elastically_warped": (
        {"images": IMAGES},
        {**OTHER, "scale_range": (0.5, 0.6), "sigma": 3.0, "control_shape": (3, 4), **SEEDS},
    ),
    "glyph_digits": (
        {"split": "test", "num_examples": 3, "size": 12},
        {"split": "train", "num_examples": 2, "size": 14, **SEEDS},
    ),
    "headline_pairs": ({"num_pairs": 20}, TEXT),
    "projected": ({"images": IMAGES}, {**OTHER, "scale_range": (0.5, 0.6), "sigma": 1.0, **SEEDS}),
    "romanized_words": ({"num_pairs": 20}, {**TEXT, "max_syllables": 1}),
    "rotated": ({"images": IMAGES}, {**OTHER, "max_angle": 10.0, **SEEDS}),
    "rotated_scaled_translated": (
        {"images": IMAGES},
        {**OTHER, "max_angle": 10.0, "scale_range": (0.5, 0.6), "size": 30, **SHOWN},
    ),
    "translated": ({"images": IMAGES}, {**OTHER, "size": 24, **SHOWN}),
}  # fmt: skip
# Functions that read files.
ELSEWHERE = {
    "binarized_mnist", "cached_features", "captioned_images", "coco_captions", "mnist",
    "parallel_text", "word_pairs",
}  # fmt: skip


def view(name, capsys, **changes):
    """Returns all arrays and strings that a function returns, and what it prints."""
    found = keras.tree.flatten(getattr(datasets, name)(**{**FUNCTIONS[name][0], **changes}))
    return [*found, capsys.readouterr().out]


def equal(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def test_every_function_is_listed():
    functions = {name for name in datasets.__all__ if inspect.isfunction(getattr(datasets, name))}
    assert functions == set(FUNCTIONS) | ELSEWHERE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_has_an_effect(name, capsys):
    arguments, options = FUNCTIONS[name]
    assert set(inspect.signature(getattr(datasets, name)).parameters) == {*arguments, *options}
    plain = view(name, capsys)
    assert plain[-1] == ""
    assert equal(plain, view(name, capsys))
    for option, value in options.items():
        changed = view(name, capsys, **{option: value})
        assert not equal(changed, plain), option
        if option == "verbose":
            assert equal(changed[:-1], plain[:-1])


@pytest.mark.parametrize(
    ("function", "kind", "options"),
    [
        (datasets.rotated_scaled_translated, "RTS", {}),
        (datasets.translated, "T", {}),
        (datasets.cluttered, "TC", {"num_distractors": 16, "distractor_size": 6}),
    ],
)
def test_matrices_and_boxes_of_a_function_are_those_of_its_kind(function, kind, options):
    both = datasets.distort(IMAGES, kind, return_theta=True, return_boxes=True, seed=3)
    for theta, boxes in ((True, False), (False, True), (True, True)):
        found = function(IMAGES, seed=3, return_theta=theta, return_boxes=boxes, **options)
        expected = [both[0], *[both[1]] * theta, *[both[2]] * boxes]
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
