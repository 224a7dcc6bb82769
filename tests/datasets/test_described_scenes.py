"""Scenes: objects in their boxes, sentences about them, and the distributions of both."""

import re

import numpy as np
import pytest

from keras_attn.datasets import described_scenes
from keras_attn.datasets.described_scenes import COLOURS, SHAPES
from tests.moments import check_frequencies, check_independent, check_integers, check_uniform

# Uses no tensors.
pytestmark = pytest.mark.once

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@pytest.fixture(scope="module")
def scenes():
    return described_scenes(num_scenes=300, seed=3)


def middle(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def test_each_noun_is_in_its_box_in_its_colour(scenes):
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


def test_every_paraphrase_states_the_relative_positions(scenes):
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


@pytest.fixture(scope="module")
def things():
    """Table of the objects of 1500 scenes: scene, noun, color, size, row, column and box."""
    found = described_scenes(num_scenes=1500, size=64, references=1)
    table = []
    for scene, (sentences, boxes) in enumerate(zip(found.paraphrases, found.boxes, strict=True)):
        for noun, (top, left, bottom, right) in boxes.items():
            size, colour = re.search(rf"(small|large) (\w+) {noun}\b", sentences[0]).groups()
            side = {"small": 13, "large": 20}[size]
            assert (bottom - top, right - left) == (side, side)
            row, column = (int((low + side / 2) // 21.34) for low in (top, left))
            table.append((scene, noun, colour, size, row, column, top, left))
    return list(zip(*table, strict=True))


def test_nouns_colours_and_sizes_are_equally_likely(things):
    _, nouns, colours, sizes, *_ = things
    columns = []
    kinds = (SHAPES, ("red", "green", "blue", "yellow", "purple", "white"), ("small", "large"))
    for names, values in zip(kinds, (nouns, colours, sizes), strict=True):
        columns.append([names.index(value) for value in values])
        check_integers(columns[-1], 0, len(names) - 1)
    check_independent(*columns)


def test_two_scenes_of_five_have_three_objects_from_left_to_right(things):
    scenes, *_, rows, columns, _, _ = things
    cells = {}
    for scene, row, column in zip(scenes, rows, columns, strict=True):
        cells.setdefault(scene, []).append((row, column))
    three = [each for each in cells.values() if len(each) == 3]
    two = [each for each in cells.values() if len(each) == 2]
    check_frequencies([len(three), len(two)], [0.4, 0.6])
    assert len(three) + len(two) == 1500
    for each in three:
        assert [column for _, column in each] == [0, 1, 2]
    heights = np.array([[row for row, _ in each] for each in three])
    check_integers(heights, 0, 2)
    check_independent(*heights.T)
    # Two cells that are further apart along one axis than along the other.
    places = [(row, column) for row in range(3) for column in range(3)]
    apart = [
        [one, other]
        for one in places
        for other in places
        if abs(one[0] - other[0]) != abs(one[1] - other[1])
    ]
    check_integers([apart.index(each) for each in two], 0, len(apart) - 1)


def test_objects_are_up_to_2_pixels_off_the_center_of_their_cell(things):
    *_, sizes, rows, columns, tops, lefts = map(np.array, things)
    for cell, place in ((rows, tops), (columns, lefts)):
        # A frame of 13 pixels in the middle begins 4.5 pixels after its cell, 2.5 to 6.5 here.
        check_integers((place - 21 * cell)[sizes == "small"], 3, 6)
        # Of 20 pixels, 1 after it: -1 to 3, and half as often at the ends.
        large = (place - 21 * cell)[(sizes == "large") & (cell == 1)]
        check_frequencies(np.bincount(large + 1, minlength=5), np.array([1, 2, 2, 2, 1]) / 8)
    small = sizes == "small"
    check_independent((tops - 21 * rows)[small], (lefts - 21 * columns)[small])


def test_references_and_noise_are_uniform(scenes):
    many = described_scenes(num_scenes=40, size=48, references=100, seed=3)
    for captions, sentences in zip(many.captions, many.paraphrases, strict=True):
        check_integers([sentences.index(caption) for caption in captions], 0, len(sentences) - 1)
    ground = np.ones(scenes.images.shape[:3], "bool")
    for row, boxes in enumerate(scenes.boxes):
        for top, left, bottom, right in boxes.values():
            ground[row, top:bottom, left:right] = False
    check_uniform(scenes.images[ground], 0.0, 0.1)


def test_arrangements_of_the_splits_differ():
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


def test_the_seed_determines_the_scenes():
    few, more = described_scenes(num_scenes=4), described_scenes(num_scenes=9)
    np.testing.assert_array_equal(few.images, more.images[:4])
    assert few.captions == more.captions[:4]
    assert described_scenes(num_scenes=4, seed=1).captions != few.captions


def test_digits_replace_the_shapes():
    # The opacity of a digit identifies its label.
    labels, opacity = np.array([0, 3, 9, 0, 3, 9]), {"zero": 1.0, "three": 0.6, "nine": 0.3}
    images = np.zeros((6, 28, 28, 1), "float32")
    images[:, 6:22, 8:20] = np.tile([*opacity.values()], 2)[:, None, None, None]
    scenes = described_scenes(num_scenes=20, size=96, digits=(images, labels))
    assert scenes.images.shape == (20, 96, 96, 3)
    assert {noun for boxes in scenes.boxes for noun in boxes} == set(opacity)
    for image, (caption, *_), boxes in zip(
        scenes.images, scenes.captions, scenes.boxes, strict=True
    ):
        for noun, (top, left, bottom, right) in boxes.items():
            colour = np.array(COLOURS[re.search(rf"(\w+) {noun}\b", caption).group(1)])
            center = image[(top + bottom) // 2, (left + right) // 2]
            # The noise of the background is at most 0.1.
            behind = center - opacity[noun] * colour
            assert behind.min() >= -1e-3
            assert behind.max() <= 0.1 * (1.0 - opacity[noun]) + 1e-3


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`split` must be"):
        described_scenes("val")
    with pytest.raises(ValueError, match="`size` must be an integer >= 48"):
        described_scenes(size=32)
    with pytest.raises(ValueError, match="`digits` must be of three kinds"):
        described_scenes(digits=(np.zeros((2, 28, 28, 1)), np.array([1, 2])))
    with pytest.raises(ValueError, match="`digits` must be integers"):
        described_scenes(digits=(np.zeros((2, 28, 28, 1)), np.array([1])))
