"""Attributes from the captions of images."""

import numpy as np
import pytest

from keras_attn.datasets import caption_attributes

pytestmark = pytest.mark.once

CAPTIONS = [
    ["A red STAR, and a well-known ring.", "a star"],
    ["there is a ring"],
    [],
    ["un café rouge"],
]


def test_the_most_frequent_words_first():
    attributes, targets = caption_attributes(CAPTIONS)
    # A word counts once for each image; words of equal counts are in alphabetical order.
    assert attributes == ["ring", "café", "red", "rouge", "star", "un", "well-known"]
    assert targets.dtype == np.float32
    named = [{a for a, on in zip(attributes, row, strict=True) if on} for row in targets]
    assert named == [
        {"ring", "red", "star", "well-known"},
        {"ring"},
        set(),
        {"café", "rouge", "un"},
    ]
    assert caption_attributes(CAPTIONS, count=1)[0] == ["ring"]
    assert "a" in caption_attributes(CAPTIONS, ignore=())[0]


def test_a_thousand_attributes_without_function_words_are_the_default():
    words = [f"word{number}" for number in range(1200)]
    captions = [[" ".join(words)], ["a dog and the cat on the mat with her hat"]]
    attributes, _ = caption_attributes(captions, count=5000)
    found, targets = caption_attributes(captions)
    assert found == attributes[:1000]
    assert targets.shape == (2, 1000)
    assert set(attributes) == {*words, "dog", "cat", "mat", "hat"}


def test_apostrophes_and_hyphens_are_parts_of_words():
    attributes, _ = caption_attributes([["Ten o'clock, the dog's 'best' -time- snow_man 7x7"]])
    assert attributes == ["7x7", "best", "dog's", "man", "o'clock", "snow", "ten", "time"]


def test_given_attributes():
    attributes, targets = caption_attributes(CAPTIONS, ["star", "dog"])
    assert attributes == ["star", "dog"]
    assert targets.tolist() == [[1, 0], [0, 0], [0, 0], [0, 0]]
    assert caption_attributes([], ["star"])[1].shape == (0, 1)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`captions` must be a list of lists"):
        caption_attributes(["a star"])
    with pytest.raises(ValueError, match="`captions` must be a list of lists"):
        caption_attributes("a star")
    with pytest.raises(ValueError, match=r"`captions` must be a list of strings.*None"):
        caption_attributes([["a star", None]])
    for name in ("attributes", "ignore"):
        with pytest.raises(ValueError, match=f"`{name}` must be a list of strings.*'star'"):
            caption_attributes(CAPTIONS, **{name: "star"})
    with pytest.raises(ValueError, match="`captions` must name something"):
        caption_attributes([["a", "the"]])
    with pytest.raises(ValueError, match="`count` must"):
        caption_attributes(CAPTIONS, count=0)
