"""Heat maps of where each token that was put out looked."""

import numpy as np

from keras_attn.decoding.alignment import Alignment
from keras_attn.ops.checks import positive_integer
from keras_attn.visualization.figures import INK, axes_at, new_figure, saved, to_numpy
from keras_attn.visualization.script_fonts import families_for

END = "</s>"
# In inches: a cell, the most that the cells of a side take, what the colour bar takes.
CELL, LONGEST, BAR = 0.36, 14.0, 1.0
TEXT = 13  # points, in cells of full size
MOST_COLUMNS = 3
SHORTEST = 2.2  # inches, height that fits the label of the color bar
WRONG = "#D55E00"


def plot_alignment(
    alignments,
    titles=None,
    columns=None,
    marker=None,
    path=None,
    source=None,
    target=None,
    references=None,
    vmax=1.0,
):
    """Draws alignments as heat maps: source tokens above, target tokens at the left.

    White is weight 1, black is 0, as in the paper. Several alignments become a sheet, each in a
    panel of its own. Labels are drawn in whichever fonts of the machine have their script.

    Args:
        alignments: a `keras_attn.decoding.Alignment`, as `generate` and `align` of the applications
            give them, or a list of them; or an array of weights of shape `(target tokens, source
            tokens)` or `(batch, target tokens, source tokens)`. Weights are in [0, 1].
        titles: a text above each panel.
        columns: panels in a row, at most three by default.
        marker: what is drawn for a token that is only a space; an open box by default.
        path: a file to write the figure to; its folder is made.
        source: List of labels for the columns of an array of weights. Defaults to numbers from 1.
        target: List of labels for the rows of an array of weights. Defaults to numbers from 1.
        references: List of texts, reference output of each alignment. The title of an alignment
            whose target differs is red and ends with the reference.
        vmax: Positive float, weight that is drawn white; `None` for the largest weight. Defaults to
            1.0.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no alignment, the shape of the weights does not match the tokens,
            weights are outside [0, 1], the number of titles or references differs from the number
            of alignments, `source` or `target` is given without an array, or `vmax` is not
            positive.

    Example:

    >>> found = keras_attn.decoding.Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
    >>> figure = keras_attn.visualization.plot_alignment(found, titles=["a noun phrase"])
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['ein', 'Hund']

    An array of weights, for example of a custom layer:

    >>> figure = keras_attn.visualization.plot_alignment(np.eye(2), source=["ein", "Hund"])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['1', '2']

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, figure 3, https://arxiv.org/abs/1409.0473
    """
    panels = checked(with_labels(alignments, source, target))
    titles = checked_titles(titles, len(panels))
    titles, right = marked_titles(panels, titles, references)
    if vmax is None:
        vmax = max(1e-12, *(np.max(one.weights) for one in panels))
    if not vmax > 0:
        raise ValueError(f"`vmax` must be a positive number or None. Received: vmax={vmax!r}")
    columns = MOST_COLUMNS if columns is None else positive_integer("columns", columns)
    columns = min(len(panels), columns)
    # Long sequences get smaller cells.
    cell = min(CELL, LONGEST / max(max(len(one.source), len(one.target)) for one in panels))
    panels = [
        _Panel(one, cell, marker or "␣", title, INK if good else WRONG)
        for one, title, good in zip(panels, titles, right, strict=True)
    ]
    rows = [panels[first : first + columns] for first in range(0, len(panels), columns)]
    widths = [max(row[place].width for row in rows if place < len(row)) for place in range(columns)]
    heights = [max(panel.height for panel in row) for row in rows]
    fonts = families_for([text for panel in panels for text in panel.texts])

    height = max(sum(heights) + 0.2, SHORTEST)
    figure = new_figure(sum(widths) + BAR, height)
    for number, row in enumerate(rows):
        for place, panel in enumerate(row):
            left, top = sum(widths[:place]) + panel.left, sum(heights[:number]) + panel.above
            axes = axes_at(figure, left, top, cell * len(panel.source), cell * len(panel.target))
            image = panel.draw(axes, fonts, vmax)
    tall = min(2.5, height - 0.7)
    bar = figure.colorbar(image, cax=axes_at(figure, sum(widths) + 0.25, 0.3, 0.16, tall))
    bar.set_label("attention weight", fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=11, colors=INK)
    bar.outline.set_visible(False)
    return saved(figure, path)


class _Panel:
    """One alignment with its labels; all sizes in inches.

    Its cells stand `left` and `above` from the corner of the room `width` times `height` that it
    takes.
    """

    def __init__(self, alignment, cell, marker, title, color):
        self.weights = np.asarray(alignment.weights, "float32")
        self.source, self.target = (
            [str(token) if str(token).strip() else marker for token in side]
            for side in alignment[:2]
        )
        self.title, self.color = title, color
        self.texts = [*self.source, *self.target, title]
        self.points = TEXT * cell / CELL
        # The last label may reach beyond the cells.
        self.slants = max(map(len, self.source[:-1]), default=0) > 2
        letter = 0.62 * self.points / 72
        self.left = letter * max(map(len, self.target)) + 0.35
        self.above = 0.87 * letter * max(map(len, self.source)) + 0.35 if self.slants else 0.45
        self.above += 0.45 if title else 0.0
        right = max(0.15, 0.5 * letter * len(self.source[-1]) - cell / 2)
        width = self.left + cell * len(self.source) + right
        self.width = max(width, self.left + 0.13 * len(title))
        self.height = self.above + cell * len(self.target) + 0.25

    def draw(self, axes, fonts, vmax):
        """Draws weights, labels and title; returns the image, for a colour bar."""
        image = axes.imshow(self.weights, cmap="gray", vmin=0, vmax=vmax)
        columns, rows = range(len(self.source)), range(len(self.target))
        axes.set_xticks(columns, self.source)
        axes.set_yticks(rows, self.target)
        axes.tick_params(
            top=True, labeltop=True, bottom=False, labelbottom=False, length=0, colors=INK
        )
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set(fontsize=self.points, fontfamily=fonts, parse_math=False)
        for label in axes.get_xticklabels() if self.slants else ():
            label.set(rotation=60, ha="left", va="baseline", rotation_mode="anchor")
        # Lines between the cells.
        axes.set_xticks([column + 0.5 for column in columns[:-1]], minor=True)
        axes.set_yticks([row + 0.5 for row in rows[:-1]], minor=True)
        axes.grid(which="minor", color="#555555", linewidth=0.5)
        axes.tick_params(which="minor", length=0)
        axes.spines[:].set(color="#555555", linewidth=0.5)
        if self.title:
            inches = axes.get_window_extent().height / axes.figure.dpi
            height = 1 + (self.above - 0.1) / inches
            axes.text(
                -0.5, height, self.title, fontsize=15, color=self.color, fontfamily=fonts, va="top",
                transform=axes.get_xaxis_transform(), parse_math=False,
            )  # fmt: skip
        return image


def checked_titles(titles, count):
    """A list of as many titles, or None.

    Args:
        titles: texts, one text for one alignment, or None.
        count: how many alignments there are.

    Raises:
        ValueError: for another number of titles.
    """
    titles = [titles] if isinstance(titles, str) else titles
    if titles is not None and len(titles) != count:
        raise ValueError(
            f"`titles` must be as many as there are alignments, {count}. Received: {len(titles)}"
        )
    return titles


def with_labels(alignments, source=None, target=None):
    """Converts arrays of weights to alignments; alignments are returned unchanged.

    Args:
        alignments, source, target: See `plot_alignment`.

    Raises:
        ValueError: If labels are given without an array, or the array is of another rank.
    """
    given = alignments
    if isinstance(alignments, (list, tuple)) and alignments and hasattr(alignments[0], "shape"):
        given = np.stack([to_numpy(each) for each in alignments])
    if hasattr(alignments, "weights") or not hasattr(given, "shape"):
        if source is not None or target is not None:
            raise ValueError(
                "`source` and `target` must be None unless `alignments` is an array of weights. "
                "Received: alignments that have tokens"
            )
        return alignments
    weights = to_numpy(given)
    if weights.ndim not in (2, 3):
        raise ValueError(
            "`alignments` must be of shape (target tokens, source tokens) or (batch, target "
            f"tokens, source tokens). Received: an array of shape {weights.shape}"
        )
    labels = []
    for name, each, count in (
        ("source", source, weights.shape[-1]),
        ("target", target, weights.shape[-2]),
    ):
        if isinstance(each, str):
            raise ValueError(f"`{name}` must be a list of labels. Received: {name}={each!r}")
        labels.append(list(range(1, count + 1) if each is None else each))
    weights = weights[None] if weights.ndim == 2 else weights
    return [Alignment(*labels, each) for each in weights]


def marked_titles(alignments, titles, references):
    """Appends the reference to the title of each alignment with another target.

    Args:
        alignments: List of `keras_attn.decoding.Alignment`.
        titles, references: See `plot_alignment`.

    Returns:
        `(titles, is_correct)`: list of titles, and list of booleans, `True` if the target equals
        the reference.

    Raises:
        ValueError: If the number of references differs from the number of alignments.
    """
    titles = titles or [""] * len(alignments)
    if references is None:
        return titles, [True] * len(alignments)
    references = [references] if isinstance(references, str) else list(references)
    if len(references) != len(alignments):
        raise ValueError(
            f"`references` must be as many as there are alignments, {len(alignments)}. "
            f"Received: {len(references)}"
        )
    # White space is ignored: tokens may be words, subwords or characters.
    outputs = ["".join(str(token) for token in one.target if token != END) for one in alignments]
    right = [
        "".join(output.split()) == "".join(reference.split())
        for output, reference in zip(outputs, references, strict=True)
    ]
    marked = [
        title if good else f"{title} ≠ {reference}".strip()
        for title, reference, good in zip(titles, references, right, strict=True)
    ]
    return marked, right


def listed(alignments):
    """A list of one alignment or several; ValueError for none."""
    alignments = [alignments] if hasattr(alignments, "weights") else list(alignments)
    if not alignments:
        raise ValueError("`alignments` must hold at least one alignment. Received: none")
    return alignments


def checked(alignments):
    """A list of alignments, refused where one does not hold together.

    Args:
        alignments: a `keras_attn.decoding.Alignment` or several, of tokens with tokens.

    Raises:
        ValueError: for no alignment, one without tokens, or weights that do not fit the tokens or
            are no numbers in [0, 1].
    """
    panels = listed(alignments)
    for one in panels:
        weights = np.asarray(one.weights)
        shape = (len(one.target), len(one.source))
        if weights.shape != shape or 0 in shape:
            raise ValueError(
                "`alignments` must have weights of the shape (target tokens, source tokens), here "
                f"{shape}, none of them 0. Received: weights of shape {weights.shape}"
            )
        if not (weights.min() >= 0 and weights.max() <= 1 + 1e-3):
            raise ValueError(
                "`alignments` must have weights in [0, 1]. "
                f"Received: weights from {weights.min()} to {weights.max()}"
            )
    return panels
