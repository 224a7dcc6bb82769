"""One panel a word, lit where it looked."""

import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization import plot_caption

# The same numbers are drawn on every backend.
pytestmark = pytest.mark.once


def described(words=("a", "red", "star", "</s>"), shape=(8, 12, 3)):
    weights = np.zeros((len(words), 2, 3))
    weights[:, 1, 2] = 0.75
    weights[:, 0, 0] = 0.25
    return Alignment(np.full(shape, 0.8), list(words), weights)


def test_each_word_has_a_panel():
    figure = plot_caption(described())
    assert [axes.get_title() for axes in figure.axes] == ["", "a", "red", "star"]
    assert len(plot_caption(described(), end=True).axes) == 5
    assert len(plot_caption([described(), described(("one",))]).axes) == 6


def test_the_image_is_lit_where_the_word_looked():
    figure = plot_caption(described(), smooth=False)
    whole, lit, *_ = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(whole, 0.8)
    np.testing.assert_allclose(lit[4:, 8:], 0.8, rtol=1e-5)
    np.testing.assert_allclose(lit[:4, :4], 0.8 * (0.15 + 0.85 / 3), rtol=1e-5)
    np.testing.assert_allclose(lit[:4, 4:], 0.8 * 0.15, rtol=1e-5)
    smooth = plot_caption(described()).axes[1].images[0].get_array()
    assert len(np.unique(np.round(smooth[..., 0], 4))) > 6
    np.testing.assert_allclose(smooth[-1, -1], 0.8, rtol=1e-3)


def test_a_long_caption_goes_on_below(tmp_path):
    path = tmp_path / "pictures" / "caption.png"
    figure = plot_caption(described(["word"] * 7), columns=4, path=path)
    assert path.stat().st_size > 1000
    boxes = [axes.get_position() for axes in figure.axes]
    assert len(boxes) == 8
    assert len({round(box.y0, 3) for box in boxes}) == 3
    # The second row begins under the first word.
    np.testing.assert_allclose(boxes[4].x0, boxes[1].x0)
    assert len(plot_caption(described(), columns=1).axes) == 4


def test_images_of_other_kinds():
    for shape, data_format in (((8, 12, 1), "channels_last"), ((3, 8, 12), "channels_first")):
        figure = plot_caption(described(shape=shape), data_format=data_format)
        assert figure.axes[1].images[0].get_array().shape == (8, 12, 3)
    bright = Alignment(np.full((8, 12, 3), 204.0), ["a"], np.ones((1, 2, 3)) / 6)
    np.testing.assert_allclose(plot_caption(bright).axes[1].images[0].get_array(), 0.8, rtol=1e-5)


def test_what_is_refused():
    with pytest.raises(ValueError, match="must hold at least one"):
        plot_caption([])
    with pytest.raises(ValueError, match="must have weights"):
        plot_caption(Alignment(np.ones((4, 4, 3)), ["a", "star"], np.ones((2, 4))))
