"""The figure of Show, Attend and Tell: an image, and for each word where it looked."""

import keras
import numpy as np

from keras_attn.layers.arguments import positive_integer
from keras_attn.visualization.figures import INK, new_figure, saved
from keras_attn.visualization.script_fonts import families_for

# In inches: a panel, the room above it for its word, and between two.
PANEL, WORD, GAP = 1.5, 0.34, 0.12
TEXT = 15  # points
MOST_COLUMNS = 8
# What is left of the image where a word does not look at all.
DARKEST = 0.15


def plot_caption(
    alignments, end=False, smooth=True, columns=None, data_format="channels_last", path=None
):
    """Draws captions word by word: the image, lit where the word looked.

    In each panel the place with the most weight is as bright as the image, and a place with none
    is nearly black. A row, or several, for each caption; the first panel is the image itself.

    Args:
        alignments: a `keras_attn.decoding.Alignment` as `generate` and `align` of captioners give
            them, or a list of them: source the image, in [0, 1] or 0..255, target the words,
            weights `(words, height, width)`.
        end: whether the end token has a panel.
        smooth: whether weights are interpolated between the places, as in the paper, or drawn as
            the squares they belong to.
        columns: panels in a row, at most eight by default.
        data_format: of the images.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: for no alignment, or one whose weights do not fit its words.

    Example:

    >>> found = keras_attn.decoding.Alignment(
    ...     np.ones((8, 8, 3)), ["a", "star", "</s>"], np.ones((3, 2, 2)) / 4
    ... )
    >>> figure = keras_attn.visualization.plot_caption(found)
    >>> [axes.get_title() for axes in figure.axes]
    ['', 'a', 'star']

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, figure 3, https://arxiv.org/abs/1502.03044
    """
    if hasattr(alignments, "weights"):
        alignments = [alignments]
    rows = [_panels(one, end, smooth, data_format) for one in alignments]
    if not rows:
        raise ValueError("`alignments` must hold at least one. Received: []")
    longest = max(map(len, rows))
    columns = MOST_COLUMNS if columns is None else positive_integer("columns", columns)
    columns = min(columns, longest)
    # A caption that is too long for a row goes on below, under the first word.
    lines = []
    for panels in rows:
        step = max(columns - 1, 1)
        starts = range(1, max(len(panels), 2), step) if columns > 1 else range(0, len(panels))
        for number, start in enumerate(starts):
            head = [panels[0]] if number == 0 else [None]
            line = panels[start : start + step]
            lines.append([*head, *line] if columns > 1 else line)
    fonts = families_for([word for panels in rows for word, _ in panels])
    width = columns * (PANEL + GAP) + GAP
    height = len(lines) * (PANEL + WORD + GAP)
    figure = new_figure(width, height)
    for number, line in enumerate(lines):
        bottom = height - (number + 1) * (PANEL + WORD + GAP) + GAP
        for place, panel in enumerate(line):
            if panel is None:
                continue
            left = GAP + place * (PANEL + GAP)
            axes = figure.add_axes((left / width, bottom / height, PANEL / width, PANEL / height))
            axes.imshow(panel[1], interpolation="nearest")
            axes.set_axis_off()
            points = min(TEXT, TEXT * 11 / max(len(panel[0]), 1))
            axes.set_title(
                panel[0], fontsize=points, color=INK, fontfamily=fonts, pad=4, parse_math=False
            )
    return saved(figure, path)


def _panels(alignment, end, smooth, data_format):
    """The image and the lit images, each with its word."""
    words, weights = list(map(str, alignment.target)), np.asarray(alignment.weights, "float32")
    if weights.ndim != 3 or len(weights) != len(words):
        raise ValueError(
            "`alignments` must have weights (words, height, width). Received: weights of shape "
            f"{weights.shape} for {len(words)} words"
        )
    if not end and words and words[-1] == "</s>":
        words, weights = words[:-1], weights[:-1]
    image = np.asarray(alignment.source, "float32")
    if data_format == "channels_first":
        image = np.moveaxis(image, 0, -1)
    if image.max(initial=0.0) > 1.0:
        image = image / 255.0
    image = np.repeat(image[..., :1], 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]
    image = np.clip(image, 0.0, 1.0)
    light = weights / np.maximum(weights.max(axis=(1, 2), keepdims=True), 1e-12)
    light = keras.ops.image.resize(
        light[..., None],
        image.shape[:2],
        interpolation="bilinear" if smooth else "nearest",
        data_format="channels_last",
    )
    light = DARKEST + (1.0 - DARKEST) * keras.ops.convert_to_numpy(light)
    return [("", image), *[(word, image * each) for word, each in zip(words, light, strict=True)]]
