"""Scenes show what their sentences say, where their boxes say."""

import re

import numpy as np
import pytest

from keras_attn.datasets import described_scenes
from keras_attn.datasets.described_scenes import COLOURS

# No tensor comes near it.
pytestmark = pytest.mark.once

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@pytest.fixture(scope="module")
def scenes():
    return described_scenes(num_scenes=300, seed=3)


def middle(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def test_each_noun_stands_in_its_box_in_its_colour(scenes):
    for image, (caption, *_), boxes in zip(
        scenes.images, scenes.captions, scenes.boxes, strict=True
    ):
        assert len(boxes) in (2, 3)
        for noun, (top, left, bottom, right) in boxes.items():
            assert 0 <= top < bottom <= 64
            assert 0 <= left < right <= 64
            colour = re.search(rf"(\w+) {noun}\b", caption).group(1)
            ink = image[top:bottom, left:right].reshape(-1, 3)
            distance = np.abs(ink - np.array(COLOURS[colour])).max(axis=1)
            assert np.mean(distance < 0.02) > 0.15
        outside = np.ones((64, 64), "bool")
        for top, left, bottom, right in boxes.values():
            outside[top:bottom, left:right] = False
        assert image[outside].max() < 0.11


def test_every_paraphrase_says_how_the_things_lie(scenes):
    for captions, sentences, boxes in zip(
        scenes.captions, scenes.paraphrases, scenes.boxes, strict=True
    ):
        assert len(captions) == 5
        assert set(captions) <= set(sentences)
        assert len(set(sentences)) == len(sentences)
        for sentence in sentences:
            words = re.findall(r"\w+", sentence)
            nouns = [word for word in words if word in boxes]
            assert set(nouns) == set(boxes)
            (down, across), (lower, further), *_ = (middle(boxes[noun]) for noun in nouns)
            if len(nouns) == 3:
                assert (further < across) == sentence.startswith("from right")
            elif "on the left" in sentence or " left of " in sentence:
                assert further - across > abs(lower - down)
            elif " right of " in sentence:
                assert across - further > abs(lower - down)
            elif "at the top" in sentence or " above " in sentence:
                assert lower - down > abs(further - across)
            else:
                assert " below " in sentence
                assert down - lower > abs(further - across)


def test_arrangements_of_the_test_are_not_trained_on():
    def arrangements(split):
        found = described_scenes(split, num_scenes=600, references=1)
        return {
            frozenset(
                (
                    re.search(rf"\w+ {noun}\b", sentences[-1]).group(),
                    *(int(each // 21.4) for each in middle(box)),
                )
                for noun, box in boxes.items()
            )
            for boxes, sentences in zip(found.boxes, found.paraphrases, strict=True)
        }

    train, test = arrangements("train"), arrangements("test")
    assert len(train) > 550
    assert not train & test


def test_a_seed_gives_the_same_scenes_again():
    few, more = described_scenes(num_scenes=4), described_scenes(num_scenes=9)
    np.testing.assert_array_equal(few.images, more.images[:4])
    assert few.captions == more.captions[:4]
    assert described_scenes(num_scenes=4, seed=1).captions != few.captions


def test_digits_take_the_place_of_shapes():
    images = np.zeros((6, 28, 28, 1), "float32")
    images[:, 6:22, 8:20] = 1.0
    scenes = described_scenes(num_scenes=20, size=96, digits=(images, np.array([0, 3, 9, 0, 3, 9])))
    assert scenes.images.shape == (20, 96, 96, 3)
    assert {noun for boxes in scenes.boxes for noun in boxes} == {"zero", "three", "nine"}
    for image, boxes in zip(scenes.images, scenes.boxes, strict=True):
        for top, left, bottom, right in boxes.values():
            assert image[top:bottom, left:right].max() > 0.7


def test_what_is_refused():
    with pytest.raises(ValueError, match="`split` must be"):
        described_scenes("val")
    with pytest.raises(ValueError, match="`size` must be an integer >= 48"):
        described_scenes(size=32)
    with pytest.raises(ValueError, match="`digits` must be of three kinds"):
        described_scenes(digits=(np.zeros((2, 28, 28, 1)), np.array([1, 2])))
    with pytest.raises(ValueError, match="`digits` must be integers"):
        described_scenes(digits=(np.zeros((2, 28, 28, 1)), np.array([1])))
