"""An interactive page of captions."""

import base64
import io

import numpy as np

from keras_attn.visualization.alignment import checked_titles
from keras_attn.visualization.captioned_image import DARKEST, GLOW, captioned_images
from keras_attn.visualization.page import write_page

INTRODUCTION = """Point at a word, or move to it with the tabulator, to see where it looked. Point
at the image, or move over it with the arrow keys, to see which words looked there: the darker, the
more. The weights of each word sum to one, or to less where it did not need to look."""

# In pixels: larger images are made smaller; the pixels of those below the second are seen as such.
LARGEST, COARSE = 512, 128

STYLE = """  .described { display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
  .described > .caption { flex: 0 0 100%; }
  .words { flex: 1 1 18rem; }
  .picture { position: relative; isolation: isolate; flex: 0 0 18rem; align-self: flex-start;
             margin: .3rem 0; }
  .picture:focus { outline: 2px solid #0072B2; }
  .picture img { display: block; width: 100%; height: 100%; }
  .picture canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0;
                    transition: opacity .15s; }
  .picture.lit canvas { opacity: 1; }
  .picture .glow { mix-blend-mode: lighten; }
  .place { position: absolute; box-sizing: border-box; border: 2px solid #E69F00; display: none; }
  .pointed .place { display: block; }
"""
SQUARES = """  .picture canvas { image-rendering: pixelated; }
"""

SCRIPT = """const most = values => values.reduce((one, other) => Math.max(one, other), 1e-12);
for (const { image, size, words, weights, rows, columns, title } of pairs) {
  const box = element("section", "pair described", main);
  if (title) element("div", "caption", box, title);
  const picture = element("div", "picture", box);
  picture.style.aspectRatio = size.join("/");
  const shown = element("img", "", picture);
  shown.src = image;
  shown.alt = words.join(" ");
  if (Math.max(...size) < COARSE) shown.style.imageRendering = "pixelated";
  const [dark, glow] = ["dark", "glow"].map(name => {
    const canvas = element("canvas", name, picture);
    [canvas.width, canvas.height] = [columns, rows];
    return canvas.getContext("2d");
  });
  const mark = element("div", "place", picture);
  const text = element("div", "words", box);
  const tokens = tokensIn(element("div", "side", text), words, show, clear);
  const caption = element("div", "caption", text, "\\u00a0");
  const largest = most(weights.flat());
  function clear() {
    shade(tokens);
    picture.classList.remove("lit", "pointed");
    caption.textContent = "\\u00a0";
  }
  // A pixel for each place, which the browser interpolates: `pixel` gives its grey and its alpha.
  function paint(context, light, pixel) {
    const pixels = context.createImageData(columns, rows);
    light.forEach((value, place) => {
      const [grey, alpha] = pixel(value);
      pixels.data.set([grey, grey, grey, alpha].map(part => 255 * part), 4 * place);
    });
    context.putImageData(pixels, 0, 0);
  }
  function show(place) {
    clear();
    tokens[place].classList.add("here");
    const highest = most(weights[place]);
    const light = weights[place].map(weight => weight / highest);
    paint(dark, light, value => [0, (1 - DARKEST) * (1 - value)]);
    paint(glow, light, value => [GLOW * value, 1]);
    picture.classList.add("lit");
    caption.textContent = `${words[place]}: ${highest.toPrecision(2)} at its brightest place ` +
      `(${(1 / rows / columns).toPrecision(2)} at each, had it looked everywhere alike)`;
  }
  let row = Math.floor(rows / 2), column = Math.floor(columns / 2);
  function point() {
    clear();
    const here = weights.map(each => each[row * columns + column]);
    shade(tokens, here.map(weight => weight / largest));
    mark.style.top = `${100 * row / rows}%`;
    mark.style.left = `${100 * column / columns}%`;
    mark.style.height = `${100 / rows}%`;
    mark.style.width = `${100 / columns}%`;
    picture.classList.add("pointed");
    const best = [...here.keys()].sort((one, other) => here[other] - here[one]).slice(0, 3);
    caption.textContent = best.map(n => `${words[n]}: ${here[n].toPrecision(2)}`).join(", ");
  }
  function move(toRow, toColumn) {
    row = Math.min(Math.max(Math.floor(toRow), 0), rows - 1);
    column = Math.min(Math.max(Math.floor(toColumn), 0), columns - 1);
    point();
  }
  picture.tabIndex = 0;
  for (const name of ["pointermove", "pointerdown"]) picture.addEventListener(name, event => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    move((event.clientY - top) / height * rows, (event.clientX - left) / width * columns);
  });
  picture.addEventListener("keydown", event => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(row + steps[event.key][0], column + steps[event.key][1]);
  });
  picture.addEventListener("focus", point);
  for (const name of ["pointerleave", "blur"]) picture.addEventListener(name, clear);
}
"""


def caption_page(
    alignments,
    path,
    titles=None,
    title="Where each word looked",
    end=False,
    smooth=True,
    data_format=None,
):
    """Writes captions as one interactive page: point at a word to see where it looked.

    Under a word that is pointed at, its image is lit as `plot_caption` draws it; at a place of the
    image that is pointed at, the words are shaded by their weights there. The page is a single file
    that needs no network. It can be used from the keyboard and by touch, too.

    Args:
        alignments: a `keras_attn.decoding.Alignment` or a list of them, see `plot_caption`.
        path: the `.html` file to write; its folder is made.
        titles: a text above each image, its reference caption, say.
        title: of the page.
        end: whether the end token is one of the words.
        smooth: whether weights are interpolated between the places.
        data_format: String, `"channels_last"` or `"channels_first"`, of the images; `None` infers
            the format from the shape.

    Returns:
        The path.

    Raises:
        ValueError: see `plot_caption`; for titles that are not as many as there are alignments.

    Example:

    >>> found = keras_attn.decoding.Alignment(
    ...     np.ones((8, 8, 3)), ["a", "star", "</s>"], np.ones((3, 2, 2)) / 4
    ... )
    >>> keras_attn.visualization.caption_page(found, "page.html", titles=["a red star"]).name
    'page.html'

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, figure 3, https://arxiv.org/abs/1502.03044
    """
    captions = captioned_images(alignments, end, data_format)
    titles = checked_titles(titles, len(captions)) or [""] * len(captions)
    data = [
        {
            "image": _data_uri(caption.image),
            "size": caption.image.shape[1::-1],
            "words": caption.words,
            "weights": [np.round(each.ravel().astype("float64"), 5).tolist() for each in maps],
            "rows": maps.shape[1],
            "columns": maps.shape[2],
            "title": str(text),
        }
        for caption, text in zip(captions, titles, strict=True)
        for maps in [caption.weights]
    ]
    style = STYLE if smooth else STYLE + SQUARES
    script = f"const DARKEST = {DARKEST}, GLOW = {GLOW}, COARSE = {COARSE};\n{SCRIPT}"
    return write_page(path, title, INTRODUCTION, data, style, script)


def _data_uri(image):
    """An image in [0, 1] as PNG, in the text of an address."""
    from PIL import Image

    picture = Image.fromarray(np.round(255 * image).astype("uint8"))
    picture.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
