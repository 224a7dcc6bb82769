"""Places, shades and slants of heat maps, and the fonts of their labels."""

import json
import re
import warnings

import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization import alignment_page, plot_alignment, plot_by_length, script_fonts
from keras_attn.visualization.figures import INK, PAGE_COLOURS

# The pictures are the same on every backend.
pytestmark = pytest.mark.once

EYE = Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))


def test_white_is_weight_1_and_labels_are_above_and_at_the_left():
    figure = plot_alignment(EYE, titles="title")
    figure.canvas.draw()
    axes, bar = figure.axes
    image = axes.images[0]
    np.testing.assert_allclose(image.cmap(image.norm([0.0, 1.0]))[:, :3], [[0] * 3, [1] * 3])
    cells = axes.get_window_extent()
    for label in axes.get_xticklabels():
        assert label.get_window_extent().y0 >= cells.y1
    for label in axes.get_yticklabels():
        assert label.get_window_extent().x1 <= cells.x0
    assert axes.texts[0].get_window_extent().y0 > cells.y1
    assert axes.texts[0].get_color() == INK
    # Lines separate the cells.
    assert axes.get_xticks(minor=True).tolist() == axes.get_yticks(minor=True).tolist() == [0.5]
    assert bar.get_ylabel() == "attention weight"
    assert bar.get_window_extent().x0 > cells.x1


@pytest.mark.parametrize(
    ("source", "degrees"), [(["a", "Hund"], 0), (["ein", "Hund"], 60), (["ab", "cd"], 0)]
)
def test_long_words_above_each_other_are_slanted(source, degrees):
    axes = plot_alignment(EYE._replace(source=source)).axes[0]
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {degrees}


def test_three_panels_stand_in_a_row():
    figure = plot_alignment([EYE] * 5)
    boxes = [axes.get_position() for axes in figure.axes[:-1]]
    lefts, tops = ([round(getattr(box, side), 4) for box in boxes] for side in ("x0", "y1"))
    assert lefts[:3] == sorted(set(lefts))
    assert lefts[3:] == lefts[:2]
    assert tops[0] == tops[1] == tops[2] > tops[3] == tops[4]


@pytest.mark.parametrize("weight", [-0.1, np.nan, 1.01])
def test_weights_beyond_0_and_1_are_refused(weight):
    with pytest.raises(ValueError, match=r"weights in \[0, 1\]"):
        plot_alignment(np.array([[weight, 0.5]]))


def test_extremes_of_weights():
    # Rounded sums may be a little larger than one.
    plot_alignment(np.array([[1.0005, 0.5]]))
    image = plot_alignment(np.zeros((1, 2)), vmax=None).axes[0].images[0]
    assert image.get_clim()[0] == 0 < image.get_clim()[1]
    assert not image.norm(image.get_array()).any()
    with pytest.raises(ValueError, match=r"none of them 0.*\(0, 2\)"):
        plot_alignment(np.zeros((0, 2)))
    with pytest.raises(ValueError, match=r"`target` must be a list of labels.*'ab'"):
        plot_alignment(np.eye(2), target="ab")
    with pytest.raises(ValueError, match="`source` and `target` must be None"):
        plot_alignment(EYE, target=["a", "b"])


def test_a_page_has_labels_titles_and_rounded_weights(tmp_path):
    page = alignment_page(
        np.array([[1 / 3, 2 / 3]]), tmp_path / "a.html", "one", source=["a", "b"], target=["c"]
    )
    (pair,) = json.loads(re.search(r'id="data">(.*)</script>', page.read_text("utf-8"))[1])
    assert pair == {
        "source": ["a", "b"], "target": ["c"], "weights": [[0.3333, 0.6667]], "title": "one",
    }  # fmt: skip
    assert "<h1>Where each word looked</h1>" in page.read_text("utf-8")
    with pytest.raises(ValueError, match=r"`titles` must be as many .* 1\. Received: 2"):
        alignment_page(EYE, tmp_path / "b.html", titles=["one", "two"])


@pytest.fixture
def fonts(monkeypatch):
    """Replaces the fonts of the machine by four, each with some letters."""
    letters = {"base": "abc", "first": "dx", "second": "xy", "third": "z"}
    families = {"First": "first", "Second": "second", "Third": "third"}
    monkeypatch.setattr("matplotlib.font_manager.findfont", lambda family: "base")
    monkeypatch.setattr(script_fonts, "_installed", lambda: families)
    monkeypatch.setattr(script_fonts, "_characters", lambda path: set(map(ord, letters[path])))


@pytest.mark.parametrize(
    ("texts", "families"),
    [
        (["a b", "c\n"], []),
        (["ax"], ["First"]),
        (["y", "a"], ["Second"]),
        (["xy"], ["First", "Second"]),
        (["z", "d"], ["First", "Third"]),
    ],
)
def test_fonts_that_have_the_missing_letters_follow(fonts, texts, families):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert script_fonts.families_for(texts) == ["DejaVu Sans", *families]


def test_letters_of_no_font_are_named(fonts):
    with pytest.warns(UserWarning, match="has the characters 'qw'"):
        assert script_fonts.families_for(["waxq"]) == ["DejaVu Sans", "First"]


def test_lines_of_scores_differ_and_begin_at_zero():
    scores = {"attention": {5: 30.0, 15: 40.0}, "one vector": {5: 29.0}}
    figure = plot_by_length(scores, title="Multi30k")
    axes = figure.axes[0]
    assert axes.get_ylim() == (0, pytest.approx(44.0))
    assert (axes.get_ylabel(), axes.get_title(loc="left")) == ("BLEU", "Multi30k")
    assert axes.get_xlabel() == "length of the source, words"
    assert [line.get_color() for line in axes.lines] == list(PAGE_COLOURS[:2])
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert {line.get_marker() for line in axes.lines} == {"o"}
    axes = plot_by_length({"a": {1: 0.0}}, label="error, %").axes[0]
    assert axes.get_ylim()[1] > 0
    assert axes.get_ylabel() == "error, %"
    for nothing in ({}, {"a": {1: 2.0}, "b": {}}):
        with pytest.raises(ValueError, match="`scores` must hold a score of every model"):
            plot_by_length(nothing)
