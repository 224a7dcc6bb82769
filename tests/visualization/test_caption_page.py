"""The interactive page of captions."""

import base64
import html
import io
import json
import re

import numpy as np
import pytest

from keras_attn.decoding import Alignment
from keras_attn.visualization import caption_page
from tests.visualization.browser import answer
from tests.visualization.captions import described

pytestmark = pytest.mark.once


def data_of(path):
    return json.loads(re.search(r'id="data">(.*)</script>', path.read_text("utf-8"))[1])


def image_of(entry):
    from PIL import Image

    kind, content = entry["image"].split(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        return np.asarray(picture)


def test_the_page_holds_the_captions_and_needs_no_network(tmp_path):
    nasty = Alignment(np.full((4, 6, 1), 0.5), ["</script>", "<b>&amp;"], np.ones((2, 1, 1)))
    path = caption_page(
        [described(), nasty], tmp_path / "new" / "page.html", ["</script>", ""], title="A & B"
    )
    text = path.read_text(encoding="utf-8")
    assert "<title>A &amp; B</title>" in text
    assert text.count("</script>") == 2
    assert not re.search(r"(src|href)=|https?://", text), "needs the network"
    first, second = data_of(path)
    assert first["words"] == ["a", "red", "star"]
    assert first["weights"] == [[0.25, 0, 0, 0, 0, 0.75]] * 3
    assert (first["rows"], first["columns"], first["title"]) == (2, 3, "</script>")
    np.testing.assert_array_equal(image_of(first), np.full((8, 12, 3), 204))
    assert second["words"] == nasty.target
    assert image_of(second).shape == (4, 6, 3)
    # The sentinel of adaptive attention takes the rest of the weights.
    assert "sum to one, or to less where" in " ".join(text.split())


def test_large_images_are_made_smaller(tmp_path):
    large, small = (
        data_of(caption_page(described(shape=shape), tmp_path / "page.html"))[0]
        for shape in ((300, 1200, 3), (3, 90, 1))
    )
    assert image_of(large).shape == (128, 512, 3)
    assert image_of(small).shape == (3, 90, 3)
    assert (large["size"], small["size"]) == ([1200, 300], [90, 3])


def test_ends_squares_and_channels(tmp_path):
    path = tmp_path / "page.html"
    first = described(["star", "</s>"], shape=(3, 8, 12))
    (entry,) = data_of(caption_page(first, path, end=True, data_format="channels_first"))
    assert entry["words"] == ["star", "</s>"]
    assert image_of(entry).shape == (8, 12, 3)
    (entry,) = data_of(caption_page(described(["</s>"]), path))
    assert (entry["words"], entry["weights"]) == ([], [])
    assert "pixelated; }" not in path.read_text("utf-8")
    assert "pixelated; }" in caption_page(described(), path, smooth=False).read_text("utf-8")


# In a block: `top` is a name of the window already.
POINT = """{
  const [word, picture] = [".token", ".picture"].map(name => document.querySelector(name));
  const shades = () => [...document.querySelectorAll(".token")].map(
    token => token.style.getPropertyValue("--weight"));
  const caption = () => document.querySelector(".words .caption").textContent;
  const found = {};
  word.dispatchEvent(new FocusEvent("focus"));
  found.lit = [picture.className, caption(), ...["dark", "glow"].map(name => [
    ...document.querySelector("." + name).getContext("2d").getImageData(0, 0, 3, 2).data])];
  word.dispatchEvent(new FocusEvent("blur"));
  found.cleared = [picture.className, caption()];
  const { left, top, width, height } = picture.getBoundingClientRect();
  picture.dispatchEvent(new PointerEvent("pointermove", {
    clientX: left + 0.9 * width, clientY: top + 0.9 * height }));
  found.pointed = [picture.className, caption(), shades()];
  picture.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
  found.moved = [shades(), document.querySelector(".place").style.left];
  found.sizes = [document.querySelector("img").alt, document.querySelectorAll("b").length];
  element("pre", "found", document.body, JSON.stringify(found));
}"""


def test_the_page_answers_in_a_browser(tmp_path):
    weights = np.array([[[0.2, 0, 0], [0, 0, 0.8]], [[0, 0, 0], [0, 0.6, 0.4]]])
    found = Alignment(np.full((8, 12, 3), 0.8), ["<b>a</b>", "star"], weights)
    page = answer(caption_page(found, tmp_path / "page.html"), POINT)
    found = json.loads(html.unescape(re.search(r'<pre class="found">(.*?)</pre>', page)[1]))
    name, caption, dark, glow = found["lit"]
    assert name == "picture lit"
    assert caption.startswith("<b>a</b>: 0.80 at its brightest place (0.17 at each")
    light = np.array([0.25, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(dark[3::4], 255 * 0.85 * (1 - light), atol=1)
    np.testing.assert_allclose(glow[::4], 255 * 0.3 * light, atol=1)
    assert set(glow[3::4]) == {255}
    assert found["cleared"] == ["picture", "\u00a0"]
    assert found["pointed"][:2] == ["picture pointed", "<b>a</b>: 0.80, star: 0.40"]
    assert [float(shade) for shade in found["pointed"][2]] == pytest.approx([1, 0.5])
    assert [float(shade) for shade in found["moved"][0]] == pytest.approx([0, 0.75])
    assert float(found["moved"][1].rstrip("%")) == pytest.approx(100 / 3, abs=0.01)
    assert found["sizes"] == ["<b>a</b> star", 0]


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`alignments` must hold at least one"):
        caption_page([], tmp_path / "page.html")
    with pytest.raises(ValueError, match="must have weights"):
        caption_page(described()._replace(weights=np.ones((2, 2))), tmp_path / "page.html")
    with pytest.raises(ValueError, match=r"`titles` must be as many .* 1\. Received: 2"):
        caption_page(described(), tmp_path / "page.html", titles=["a", "b"])
