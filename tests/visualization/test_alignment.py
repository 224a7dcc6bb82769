"""Heat maps of alignments, and the interactive page."""

import html
import json
import re
import warnings

import keras
import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization import alignment_page, plot_alignment, plot_by_length
from keras_attn.visualization.script_fonts import families_for
from tests.visualization.browser import answer

pytestmark = pytest.mark.once

GERMAN = Alignment(
    ["ein", "brauner", "Hund", "</s>"],
    ["a", "brown", "dog", "</s>"],
    np.array([[0.7, 0.2, 0.1, 0], [0, 1, 0, 0], [0, 0.25, 0.75, 0], [0, 0, 0, 1]]),
)
LETTERS = Alignment(list("5 May"), list("5-5"), np.full((3, 5), 0.2))


def labels(axes):
    return [
        [label.get_text() for label in side]
        for side in (axes.get_xticklabels(), axes.get_yticklabels())
    ]


def test_weights_and_words_are_drawn(tmp_path):
    figure = plot_alignment(GERMAN, path=tmp_path / "new" / "alignment.png")
    axes = figure.axes[0]
    assert labels(axes) == [GERMAN.source, GERMAN.target]
    np.testing.assert_allclose(axes.images[0].get_array(), GERMAN.weights, atol=1e-6)
    assert axes.images[0].get_clim() == (0, 1)
    assert (tmp_path / "new" / "alignment.png").read_bytes().startswith(b"\x89PNG")


def inside(box, outer):
    return box.x0 >= outer.x0 and box.y0 >= outer.y0 and box.x1 <= outer.x1 and box.y1 <= outer.y1


def test_a_sheet_keeps_every_text_on_the_page():
    wide = Alignment(
        ["Donaudampfschifffahrtsgesellschaft"] * 3, ["extraordinarily", "b"], np.full((2, 3), 0.3)
    )
    panels = [GERMAN, LETTERS, wide, LETTERS]
    figure = plot_alignment(
        panels, titles=["one", "two", "a title of some length", "four"], columns=2
    )
    figure.canvas.draw()
    assert len(figure.axes) == 5  # including the color bar
    for axes in figure.axes:
        for text in (*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts):
            assert inside(text.get_window_extent(), figure.bbox), text
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    cells = [box.width / len(one.source) for box, one in zip(boxes, panels, strict=False)]
    assert max(cells) == pytest.approx(min(cells))


def test_the_size_of_a_page_is_limited():
    weights = np.full((200, 100), 0.01)
    figure = plot_alignment(Alignment(["word"] * 100, ["word"] * 200, weights))
    assert max(figure.get_size_inches()) < 17


def test_spaces_are_seen():
    assert labels(plot_alignment(LETTERS).axes[0])[0] == ["5", "␣", "M", "a", "y"]
    assert labels(plot_alignment(LETTERS, marker="_").axes[0])[0][1] == "_"


def test_dollar_signs_are_no_formulas(tmp_path):
    money = Alignment(["$5", "$$"], ["5 $", "$"], np.eye(2))
    figure = plot_alignment(money, titles="from $5 to $10", columns=4, path=tmp_path / "money.png")
    assert labels(figure.axes[0]) == [["$5", "$$"], ["5 $", "$"]]
    with pytest.raises(ValueError, match="`columns` must be a positive integer"):
        plot_alignment(money, columns=-1)
    alignment_page(money, tmp_path / "money.html", titles="one")


def test_missing_fonts_are_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert families_for(["Straße", "été", "слово"]) == ["DejaVu Sans"]
    with pytest.warns(UserWarning, match="no font of this machine has"):
        families_for(["\U0010fffd"])


def test_the_page_holds_the_alignments_and_needs_no_network(tmp_path):
    nasty = Alignment(["</script>", "&amp;"], ["<b>"], np.array([[0.25, 0.75]]))
    path = alignment_page([GERMAN, nasty], tmp_path / "new" / "page.html", title="A & B")
    text = path.read_text(encoding="utf-8")
    assert "<title>A &amp; B</title>" in text
    assert not re.search(r"(src|href)=|https?://", text), "needs the network"
    data = json.loads(re.search(r'id="data">(.*)</script>', text)[1])
    assert [pair["source"] for pair in data] == [GERMAN.source, nasty.source]
    assert data[1]["weights"] == [[0.25, 0.75]]
    # The weights of local-p and monotonic attention sum to less than one.
    assert "sum to one, or to less where" in " ".join(text.split())


def test_the_page_answers_in_a_browser(tmp_path):
    path = alignment_page([GERMAN], tmp_path / "page.html", titles=["reference: a brown dog"])
    page = answer(
        path,
        # The third target word.
        'document.querySelectorAll(".token")[6].dispatchEvent(new MouseEvent("mouseenter"));',
    )
    tokens = re.findall(r'<span class="token( here)?"([^>]*)>([^<]*)</span>', page)
    words = [html.unescape(word) for *_, word in tokens]
    assert words == GERMAN.source + GERMAN.target
    assert [bool(here) for here, *_ in tokens] == [False] * 6 + [True, False]
    shades = [re.search(r"--weight: ([\d.]+)", style) for _, style, _ in tokens[:4]]
    assert [float(shade[1]) for shade in shades] == [0, 0.25, 0.75, 0]
    assert "dog – Hund: 0.75" in page
    assert "reference: a brown dog" in page


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`alignments` must hold at least one"):
        plot_alignment([])
    with pytest.raises(ValueError, match=r"\(4, 4\).*shape \(2, 4\)"):
        plot_alignment(GERMAN._replace(weights=GERMAN.weights[:2]))
    with pytest.raises(ValueError, match=r"weights in \[0, 1\].*2\.0"):
        alignment_page(GERMAN._replace(weights=2 * GERMAN.weights), tmp_path / "page.html")
    with pytest.raises(ValueError, match=r"`titles` must be as many .* 1\. Received: 2"):
        plot_alignment(GERMAN, titles=["a", "b"])


def test_scores_by_length(tmp_path):
    scores = {"attention": {15.0: 31.0, 5.0: 30.0}, "one vector": {5.0: 29.0, 15.0: 20.0}}
    figure = plot_by_length(scores, title="Multi30k", path=tmp_path / "lengths.png")
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[5, 30], [15, 31]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(scores)
    assert axes.get_ylim()[0] == 0
    assert (tmp_path / "lengths.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="`scores` must hold a score of every model"):
        plot_by_length({"attention": {}})


WEIGHTS = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]], "float32")


def labels_of(axes):
    return tuple(
        [label.get_text() for label in ticks]
        for ticks in (axes.get_xticklabels(), axes.get_yticklabels())
    )


def test_an_array_of_weights_is_drawn():
    figure = plot_alignment(keras.ops.convert_to_tensor(WEIGHTS))
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.get_images()[0].get_array(), WEIGHTS)
    assert labels_of(axes) == (["1", "2"], ["1", "2", "3"])
    figure = plot_alignment(WEIGHTS, source=["ein", "Hund"], target=["a", "dog", "</s>"])
    assert labels_of(figure.axes[0]) == (["ein", "Hund"], ["a", "dog", "</s>"])
    for several in (WEIGHTS[None].repeat(2, 0), [WEIGHTS, WEIGHTS]):
        figure = plot_alignment(several, titles=["one", "two"], source=["a", "b"])
        assert len(figure.axes) == 3  # including the color bar
        assert labels_of(figure.axes[1]) == (["a", "b"], ["1", "2", "3"])
    with pytest.raises(ValueError, match=r"must have weights of the shape .*here \(3, 1\)"):
        plot_alignment(WEIGHTS, source=["a"])
    with pytest.raises(ValueError, match=r"`source` must be a list of labels.*'ab'"):
        plot_alignment(WEIGHTS, source="ab")
    with pytest.raises(ValueError, match=r"`alignments` must be of shape .*\(2,\)"):
        plot_alignment(WEIGHTS[0])
    alignment = Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
    with pytest.raises(ValueError, match="`source` and `target` must be None"):
        plot_alignment(alignment, source=["a", "b"])


def test_a_page_of_an_array_of_weights(tmp_path):
    page = alignment_page(WEIGHTS, tmp_path / "page.html", source=["ein", "Hund"])
    assert '"source": ["ein", "Hund"], "target": ["1", "2", "3"]' in page.read_text()


def test_vmax_scales_the_colors():
    row = np.full((1, 60), 1 / 60)
    assert plot_alignment(row).axes[0].get_images()[0].get_clim() == (0, 1)
    image = plot_alignment(row, vmax=None).axes[0].get_images()[0]
    np.testing.assert_allclose(image.get_clim(), (0, 1 / 60))
    several = [np.full((1, 3), weight) for weight in (0.1, 0.3, 0.2)]
    for axes in plot_alignment(several, vmax=None).axes[:3]:
        np.testing.assert_allclose(axes.get_images()[0].get_clim(), (0, 0.3))
    with pytest.raises(ValueError, match=r"`vmax` must be a positive number or None.*0"):
        plot_alignment(row, vmax=0)


def test_outputs_that_differ_from_the_reference_are_marked(tmp_path):
    alignments = [
        Alignment(["a"], ["ein", "Hund", "</s>"], np.ones((3, 1))),
        Alignment(["a"], list("Katze"), np.ones((5, 1))),
        Alignment(["a"], ["</s>"], np.ones((1, 1))),
    ]
    references = ["ein Hund", "Kater", "Maus"]
    figure = plot_alignment(alignments, titles=["x", "y", "z"], references=references)
    titles = [axes.texts[0] for axes in figure.axes[:3]]
    assert [title.get_text() for title in titles] == ["x", "y ≠ Kater", "z ≠ Maus"]
    colors = [title.get_color() for title in titles]
    assert colors[1] == colors[2] != colors[0]
    figure = plot_alignment(alignments[1], references="Kater")
    assert figure.axes[0].texts[0].get_text() == "≠ Kater"
    page = alignment_page(alignments, tmp_path / "page.html", references=references)
    assert "≠ Kater" in page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"`references` must be as many .* 3\. Received: 1"):
        plot_alignment(alignments, references=["ein Hund"])
