"""An interactive page of alignments."""

import html
import json
from pathlib import Path

import numpy as np

from keras_attn.visualization.alignment import checked, checked_titles

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ font: 20px/1.5 "Noto Sans", "DejaVu Sans", system-ui, sans-serif; color: #222;
         max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
  h1 {{ font-size: 1.4rem; }}
  .pair {{ border-top: 1px solid #ddd; padding: 1rem 0; }}
  .side {{ display: flex; flex-wrap: wrap; gap: .3rem; margin: .3rem 0; align-items: baseline; }}
  .name {{ width: 4.5rem; font-size: .75rem; color: #666; }}
  .token {{ padding: .1rem .4rem; border-radius: .3rem; border: 1px solid #ddd; cursor: default;
           background: rgba(230, 159, 0, var(--weight, 0)); min-width: .6rem; min-height: 1.5rem; }}
  .token:focus, .token.here {{ outline: 2px solid #0072B2; }}
  .caption {{ font-size: .75rem; color: #666; min-height: 1.2rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>Point at a word, or move to it with the tabulator, to see where it looked, or what looked at it:
the darker, the more. Each row of weights sums to one.</p>
<main id="pairs"></main>
<script type="application/json" id="data">{data}</script>
<script>
const pairs = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("pairs");
function element(kind, name, parent, text) {{
  const made = document.createElement(kind);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}}
for (const pair of pairs) {{
  const box = element("section", "pair", main);
  if (pair.title) element("div", "caption", box, pair.title);
  const tokens = {{}};
  for (const side of ["source", "target"]) {{
    const row = element("div", "side", box);
    element("span", "name", row, side);
    tokens[side] = pair[side].map(word => element("span", "token", row, word));
  }}
  const caption = element("div", "caption", box, "\\u00a0");
  function clear() {{
    for (const token of [...tokens.source, ...tokens.target]) {{
      token.style.removeProperty("--weight");
      token.classList.remove("here");
    }}
    caption.textContent = "\\u00a0";
  }}
  function show(side, place) {{
    clear();
    tokens[side][place].classList.add("here");
    const other = side === "target" ? "source" : "target";
    const weights = side === "target" ? pair.weights[place] : pair.weights.map(row => row[place]);
    weights.forEach((weight, there) =>
      tokens[other][there].style.setProperty("--weight", weight));
    const best = weights.indexOf(Math.max(...weights));
    caption.textContent = `${{pair[side][place]}} \\u2013 ${{pair[other][best]}}: ` +
      weights[best].toFixed(2);
  }}
  for (const side of ["source", "target"]) tokens[side].forEach((token, place) => {{
    token.tabIndex = 0;
    token.addEventListener("mouseenter", () => show(side, place));
    token.addEventListener("focus", () => show(side, place));
    token.addEventListener("mouseleave", clear);
    token.addEventListener("blur", clear);
  }});
}}
</script>
</body>
</html>
"""


def alignment_page(alignments, path, titles=None, title="Where each word looked"):
    """Writes alignments as one interactive page: point at a word to see where it looked.

    The page is a single file that needs no network. It can be used from the keyboard, too.

    Args:
        alignments: a `keras_attn.decoding.Alignment`, as `generate` and `align` of the applications
            give them, or a list of them.
        path: the `.html` file to write; its folder is made.
        titles: a text above each pair, its reference translation, say.
        title: of the page.

    Returns:
        The path.

    Raises:
        ValueError: see `plot_alignment`.

    Example:

    >>> found = keras_attn.decoding.Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
    >>> keras_attn.visualization.alignment_page(found, "page.html").name
    'page.html'
    """
    pairs = checked(alignments)
    titles = checked_titles(titles, len(pairs))
    data = [
        {
            "source": [str(token) for token in one.source],
            "target": [str(token) for token in one.target],
            "weights": np.round(np.asarray(one.weights, "float64"), 4).tolist(),
            "title": titles[place] if titles else "",
        }
        for place, one in enumerate(pairs)
    ]
    # A word may hold what would end the script.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(title=html.escape(title), data=text), encoding="utf-8")
    return path
