"""An interactive page of alignments."""

import numpy as np

from keras_attn.visualization.alignment import (
    checked,
    checked_titles,
    marked_titles,
    with_labels,
)
from keras_attn.visualization.page import write_page

INTRODUCTION = """Point at a word, or move to it with the tabulator, to see where it looked, or what
looked at it: the darker, the more. The weights of each target word sum to one, or to less where its
attention leaves some out."""

STYLE = """  .name { width: 4.5rem; font-size: .75rem; color: #666; }
"""

SCRIPT = """for (const pair of pairs) {
  const box = element("section", "pair", main);
  if (pair.title) element("div", "caption", box, pair.title);
  const tokens = {};
  for (const side of ["source", "target"]) {
    const row = element("div", "side", box);
    element("span", "name", row, side);
    tokens[side] = tokensIn(row, pair[side], place => show(side, place), clear);
  }
  const caption = element("div", "caption", box, "\\u00a0");
  function clear() {
    shade(tokens.source);
    shade(tokens.target);
    caption.textContent = "\\u00a0";
  }
  function show(side, place) {
    clear();
    tokens[side][place].classList.add("here");
    const other = side === "target" ? "source" : "target";
    const weights = side === "target" ? pair.weights[place] : pair.weights.map(row => row[place]);
    shade(tokens[other], weights);
    const best = weights.indexOf(Math.max(...weights));
    caption.textContent = `${pair[side][place]} \\u2013 ${pair[other][best]}: ` +
      weights[best].toFixed(2);
  }
}
"""


def alignment_page(
    alignments,
    path,
    titles=None,
    title="Where each word looked",
    source=None,
    target=None,
    references=None,
):
    """Writes alignments as one interactive page: point at a word to see where it looked.

    The page is a single file that needs no network. It can be used from the keyboard, too.

    Args:
        alignments: See `plot_alignment`.
        path: the `.html` file to write; its folder is made.
        titles: a text above each pair, its reference translation, say.
        title: of the page.
        source, target, references: See `plot_alignment`.

    Returns:
        The path.

    Raises:
        ValueError: see `plot_alignment`.

    Example:

    >>> found = keras_attn.decoding.Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
    >>> keras_attn.visualization.alignment_page(found, "page.html").name
    'page.html'
    """
    pairs = checked(with_labels(alignments, source, target))
    titles, _ = marked_titles(pairs, checked_titles(titles, len(pairs)), references)
    data = [
        {
            "source": [str(token) for token in one.source],
            "target": [str(token) for token in one.target],
            "weights": np.round(np.asarray(one.weights, "float64"), 4).tolist(),
            "title": titles[place],
        }
        for place, one in enumerate(pairs)
    ]
    return write_page(path, title, INTRODUCTION, data, STYLE, SCRIPT)
