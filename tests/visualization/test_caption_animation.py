"""Animations of captions, one frame for each word."""

import numpy as np
import pytest

from keras_attn.visualization import animate_caption
from keras_attn.visualization.figures import COLOURS
from tests.visualization.captions import described, frames_of

pytestmark = pytest.mark.once

MARK = np.array(list(bytes.fromhex(COLOURS[0][1:])))
# Where the image of 500 times 333 pixels lies in a frame.
IMAGE = (slice(20, 353), slice(20, 520))


def marked(frame):
    """Returns the columns of the text, below the image, that have the colour of the mark."""
    found = (np.abs(frame[353:] - MARK).max(-1) < 12).sum(0)
    return np.flatnonzero(found > 5)


def test_each_word_is_marked_while_the_image_is_lit(tmp_path):
    path = animate_caption(described(), tmp_path / "new" / "caption.gif", 0.5, smooth=False)
    frames, durations = frames_of(path)
    assert durations == [1000, 500, 500, 500]
    assert len({frame.shape for frame in frames}) == 1
    whole, *lit = (frame[IMAGE] / 255 for frame in frames)
    np.testing.assert_allclose(whole, 0.8, atol=0.02)
    for frame in lit:
        np.testing.assert_allclose(frame[180:, 340:], 0.8, atol=0.02)
        np.testing.assert_allclose(frame[180:, :320], 0.8 * 0.15, atol=0.02)
    assert not marked(frames[0]).size
    places = [marked(frame).mean() for frame in frames[1:]]
    assert places == sorted(places)


def test_words_to_come_are_pale(tmp_path):
    frames, _ = frames_of(animate_caption(described(["one", "two"]), tmp_path / "two.gif"))
    darkest = [frame[353:].sum(-1).min(0) for frame in frames]
    first, second = marked(frames[1]), marked(frames[2])
    after = slice(second.min(), second.max())
    assert darkest[1][after].min() > 3 * 0x70
    assert darkest[2][first.min() : first.max()].min() < 3 * 0x40
    assert darkest[0][after].min() < 3 * 0x40


def test_long_captions_stay_on_the_page(tmp_path):
    texts = (["word"] * 40, ["x" * 60, "y"], ["$5", "$$"], ["", " ", "a"])
    heights = []
    for words in texts:
        frames, _ = frames_of(animate_caption(described(words), tmp_path / "long.gif"))
        heights.append(frames[0].shape[0])
        assert frames[0].shape[1] == 540
        for edge in (frames[0][:, :8], frames[0][:, -8:], frames[0][-8:]):
            assert (edge > 250).all()
    assert heights[0] > 2 * 353


@pytest.mark.parametrize("words", [["star"], ["</s>"], []])
def test_short_captions(tmp_path, words):
    frames, _ = frames_of(animate_caption(described(words), tmp_path / "short.gif"))
    assert len(frames) == 1 + (words == ["star"])
    with_end, _ = frames_of(animate_caption(described(words), tmp_path / "end.gif", end=True))
    assert len(with_end) == 1 + len(words)


def test_images_of_other_kinds(tmp_path):
    last = animate_caption(described(shape=(12, 8, 1)), tmp_path / "last.gif")
    first = animate_caption(
        described(shape=(1, 12, 8)), tmp_path / "first.gif", data_format="channels_first"
    )
    assert last.read_bytes() == first.read_bytes()
    for shape in ((1, 1, 3), (1, 300, 3), (300, 1, 3)):
        assert len(frames_of(animate_caption(described(shape=shape), tmp_path / "a.gif"))[0]) == 4


def test_files_are_small(tmp_path):
    image = np.random.default_rng(0).random((64, 64, 3))
    path = animate_caption(described(["word"] * 10)._replace(source=image), tmp_path / "noise.gif")
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_bad_seconds_are_refused(tmp_path, seconds):
    with pytest.raises(ValueError, match="`seconds_per_word` must be a positive number"):
        animate_caption(described(), tmp_path / "a.gif", seconds_per_word=seconds)


def test_bad_alignments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must have weights"):
        animate_caption(described()._replace(weights=np.ones((2, 2))), tmp_path / "a.gif")
