"""The shell of interactive pages: one file each, that needs no network."""

import html
import json
from pathlib import Path

# Braces are doubled where they are those of CSS or JavaScript. What a page adds comes in between.
SHELL = """<!DOCTYPE html>
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
  .token {{ padding: .1rem .4rem; border-radius: .3rem; border: 1px solid #ddd; cursor: default;
           background: rgba(230, 159, 0, var(--weight, 0)); min-width: .6rem; min-height: 1.5rem; }}
  .token:focus, .token.here {{ outline: 2px solid #0072B2; }}
  .caption {{ font-size: .75rem; color: #666; min-height: 1.2rem; }}
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{introduction}</p>
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
// Words in a row; `show(place)` answers to a mouse, a finger or the tabulator.
function tokensIn(row, words, show, clear) {{
  return words.map((word, place) => {{
    const token = element("span", "token", row, word);
    token.tabIndex = 0;
    for (const name of ["mouseenter", "focus"]) token.addEventListener(name, () => show(place));
    for (const name of ["mouseleave", "blur"]) token.addEventListener(name, clear);
    return token;
  }});
}}
function shade(tokens, weights) {{
  tokens.forEach((token, place) => {{
    if (weights) token.style.setProperty("--weight", weights[place]);
    else token.style.removeProperty("--weight");
    token.classList.remove("here");
  }});
}}
{script}</script>
</body>
</html>
"""


def write_page(path, title, introduction, data, style, script):
    """Writes a page.

    Args:
        path: the `.html` file to write; its folder is made.
        title: of the page, any text.
        introduction: HTML of a paragraph below the title.
        data: what `pairs` is in the script, anything that JSON can say.
        style: CSS of this page.
        script: JavaScript that fills `main`.

    Returns:
        The path.
    """
    # A word may hold what would end the script.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    page = SHELL.format(
        title=html.escape(title), introduction=introduction, data=text, style=style, script=script
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path
