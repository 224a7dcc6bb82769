"""Pointing accuracy."""

import math

import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.metrics import pointing_accuracy

# Uses no tensors.
pytestmark = pytest.mark.once


def looking(*cells, image=(12, 24, 3)):
    """Returns words, each of which has most of its weight at one place of a map of 3×4."""
    weights = np.full((len(cells), 3, 4), 0.01)
    for word, cell in enumerate(cells):
        weights[(word, *cell)] = 0.9
    words = ["a", "star", "circle", "star"][: len(cells)]
    return Alignment(np.zeros(image), words, weights)


def test_hits_are_counted_among_words_with_a_box():
    boxes = {"star": (4, 18, 8, 24), "ring": (0, 0, 4, 4)}
    hit, miss = looking((0, 0), (1, 3)), looking((1, 3), (1, 2))
    assert pointing_accuracy([hit], [boxes]) == (1.0, 1)
    assert pointing_accuracy([miss], [boxes]) == (0.0, 1)
    assert pointing_accuracy([hit, miss, hit], [boxes] * 3) == (pytest.approx(2 / 3), 3)
    twice = looking((0, 0), (1, 3), (0, 0), (2, 3))
    assert pointing_accuracy([twice], [boxes]) == (0.5, 2)


def test_the_lower_and_right_edges_are_outside():
    look = looking((0, 0), (1, 1))  # the middle of the place is at 6, 9
    for box, found in (((6, 9, 7, 10), 1.0), ((0, 0, 6, 24), 0.0), ((0, 0, 12, 9), 0.0)):
        assert pointing_accuracy([look], [{"star": box}]) == (found, 1)


def test_channels_first_and_nothing_named():
    look = looking((0, 0), (1, 3), image=(3, 12, 24))
    assert pointing_accuracy([look], [{"star": (4, 18, 8, 24)}], "channels_first") == (1.0, 1)
    accuracy, count = pointing_accuracy([look], [{}])
    assert math.isnan(accuracy)
    assert count == 0
    with pytest.raises(ValueError, match="must be equally many"):
        pointing_accuracy([look], [])


def test_bad_arguments_are_refused():
    look, boxes = looking((0, 0), (1, 3)), {"star": (4, 18, 8, 24)}
    flat = Alignment(look.source, look.target, look.weights.reshape(2, 12))
    gray = Alignment(look.source[..., 0], look.target, look.weights)
    short = Alignment(look.source, look.target[:1], look.weights)
    empty = Alignment(look.source, look.target, look.weights[:, :0])
    for wrong in (flat, gray, short, empty):
        with pytest.raises(ValueError, match="`alignments` must hold images"):
            pointing_accuracy([wrong], [boxes])
    for wrong in ({"star": (4, 18, 8)}, {"a": (0, 0, 1, 1), "star": 4}, [(4, 18, 8, 24)]):
        with pytest.raises(ValueError, match="`boxes` must hold dictionaries"):
            pointing_accuracy([look], [wrong])
    with pytest.raises(ValueError, match="`data_format` must be"):
        pointing_accuracy([look], [boxes], "channels_middle")
