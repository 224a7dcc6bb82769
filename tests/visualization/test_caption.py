"""Plots of captions: one panel for each word, with the image bright where the weights are."""

import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization import plot_caption
from tests.visualization.captions import described

# The pictures are the same on every backend.
pytestmark = pytest.mark.once


def test_each_word_has_a_panel():
    figure = plot_caption(described())
    assert [axes.get_title() for axes in figure.axes] == ["", "a", "red", "star"]
    assert len(plot_caption(described(), end=True).axes) == 5
    assert len(plot_caption([described(), described(("one",))]).axes) == 6


def test_the_brightness_of_the_image_shows_the_weights():
    figure = plot_caption(described(), smooth=False)
    whole, lit, *_ = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(whole, 0.8)
    np.testing.assert_allclose(lit[4:, 8:], 0.8, rtol=1e-5)
    np.testing.assert_allclose(lit[:4, :4], 0.8 * (0.15 + 0.85 / 3), rtol=1e-5)
    np.testing.assert_allclose(lit[:4, 4:], 0.8 * 0.15, rtol=1e-5)
    smooth = plot_caption(described()).axes[1].images[0].get_array()
    assert len(np.unique(np.round(smooth[..., 0], 4))) > 6
    np.testing.assert_allclose(smooth[-1, -1], 0.8, rtol=1e-3)


def test_a_long_caption_has_several_rows(tmp_path):
    path = tmp_path / "pictures" / "caption.png"
    figure = plot_caption(described(["word"] * 7), columns=4, path=path)
    assert path.stat().st_size > 1000
    boxes = [axes.get_position() for axes in figure.axes]
    assert len(boxes) == 8
    assert len({round(box.y0, 3) for box in boxes}) == 3
    # The second row begins under the first word.
    np.testing.assert_allclose(boxes[4].x0, boxes[1].x0)
    assert len(plot_caption(described(), columns=1).axes) == 4


def test_eight_panels_stand_in_a_row():
    figure = plot_caption(described(["word"] * 12))
    boxes = [axes.get_position() for axes in figure.axes]
    lefts, tops = ([round(getattr(box, side), 4) for box in boxes] for side in ("x0", "y0"))
    assert len(boxes) == 13
    assert lefts[:8] == sorted(set(lefts))
    assert len(set(tops[:8])) == len(set(tops[8:])) == 1
    # The second row begins under the first word.
    assert lefts[8:] == lefts[1:6]


@pytest.mark.parametrize(
    ("shapes", "ratio"),
    [([(12, 8)], 1.5), ([(400, 4)], 1.5), ([(4, 400)], 1 / 3), ([(4, 8), (8, 10)], 0.8)],
)
def test_panels_have_the_proportions_of_the_tallest_image(shapes, ratio):
    figure = plot_caption([described(["word"], (*shape, 3)) for shape in shapes])
    width, height = figure.get_size_inches()
    for axes in figure.axes:
        # Of the room of the panel, in which the image keeps its own proportions.
        box = axes.get_position(original=True)
        assert box.height * height == pytest.approx(ratio * box.width * width)


def test_a_film_strip_is_one_row(tmp_path):
    path = tmp_path / "strip.png"
    captions = [described(["word"] * 12), described(["one"]), described(["</s>"])]
    figure = plot_caption(captions, columns="all", title="$5, a title", path=path)
    assert path.stat().st_size > 1000
    boxes = [axes.get_position() for axes in figure.axes]
    assert len(boxes) == 13 + 2 + 1
    assert len({round(box.y0, 3) for box in boxes}) == 3
    # The columns are the same in all rows.
    assert len({round(box.x0, 3) for box in boxes}) == 13
    # The panels have the proportions of the images.
    width, height = figure.get_size_inches()
    assert boxes[0].height * height == pytest.approx(boxes[0].width * width * 8 / 12)
    assert [text.get_text() for text in figure.texts] == ["$5, a title"]


def test_words_and_title_stay_on_the_page():
    words = ["a", "word", "extraordinarily", "e" * 40]
    for shape in ((8, 12, 3), (12, 8, 3), (1, 500, 3), (500, 1, 3)):
        figure = plot_caption(described(words, shape), columns=3, title="Where each word looked")
        figure.canvas.draw()
        whole = figure.bbox
        boxes = [axes.title.get_window_extent() for axes in figure.axes[1:]]
        alone = plot_caption(described(["</s>"], shape), title="Where each word looked")
        alone.canvas.draw()
        assert alone.texts[0].get_window_extent().x1 <= alone.bbox.x1
        for box in (*boxes, figure.texts[0].get_window_extent()):
            assert box.x0 >= whole.x0
            assert box.x1 <= whole.x1
            assert box.y0 >= whole.y0
            assert box.y1 <= whole.y1
        assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])


def test_images_of_other_kinds():
    for shape, data_format in (((8, 12, 1), "channels_last"), ((3, 8, 12), "channels_first")):
        figure = plot_caption(described(shape=shape), data_format=data_format)
        assert figure.axes[1].images[0].get_array().shape == (8, 12, 3)
    bright = Alignment(np.full((8, 12, 3), 204.0), ["a"], np.ones((1, 2, 3)) / 6)
    np.testing.assert_allclose(plot_caption(bright).axes[1].images[0].get_array(), 0.8, rtol=1e-5)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="must hold at least one"):
        plot_caption([])
    with pytest.raises(ValueError, match="must have weights"):
        plot_caption(Alignment(np.ones((4, 4, 3)), ["a", "star"], np.ones((2, 4))))
    for columns in (0, -1, 1.5, "some"):
        with pytest.raises(ValueError, match="`columns` must be a positive integer"):
            plot_caption(described(), columns=columns)
