"""Animations of pictures."""

import numpy as np
import pytest
from PIL import Image

from keras_attn.visualization.animation import animate, write_gif
from tests.visualization.captions import frames_of

pytestmark = pytest.mark.once


def picture(width, height, colour):
    return Image.new("RGB", (width, height), colour)


def test_frames_of_any_size_come_one_after_the_other(tmp_path):
    given = [picture(30, 20, "red"), picture(40, 10, "blue")]
    path = write_gif(given, tmp_path / "new" / "two.gif", [0.5, 0.001])
    (first, second), durations = frames_of(path)
    assert first.shape == second.shape == (20, 40, 3)
    np.testing.assert_array_equal(first[:, :30], np.broadcast_to([255, 0, 0], (20, 30, 3)))
    np.testing.assert_array_equal(second[:10], np.broadcast_to([0, 0, 255], (10, 40, 3)))
    assert (first[:, 30:] == 255).all()
    assert (second[10:] == 255).all()
    assert durations == [500, 20]
    with Image.open(path) as animation:
        assert animation.info["loop"] == 0  # without end


def test_files_are_made_smaller_and_the_last_stays(tmp_path):
    files = [tmp_path / "wide.png", tmp_path / "narrow.png"]
    for file, width, colour in zip(files, (400, 200), ("red", "blue"), strict=True):
        picture(width, 100, colour).save(file)
    (first, second), durations = frames_of(animate(files, tmp_path / "all.gif", width=100))
    assert first.shape == (25, 100, 3)
    # All by the same factor.
    assert (second[:, 50:] == 255).all()
    assert (second[:, :50] == [0, 0, 255]).all()
    assert durations == [600, 2400]
