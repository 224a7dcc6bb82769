"""The figure of Show, Attend and Tell: an image, and for each word where it looked."""

from keras_attn.ops.checks import positive_integer
from keras_attn.visualization.captioned_image import captioned_images
from keras_attn.visualization.figures import INK, new_figure, saved
from keras_attn.visualization.script_fonts import families_for

# In inches: the width of a panel, the room above it for its word, the space between two, and the
# room of a title.
PANEL, WORD, GAP, TITLE = 1.5, 0.36, 0.12, 0.5
# A panel is at most so many times as high as it is wide, or as wide as it is high.
TALLEST, WIDEST = 1.5, 3.0
TEXT, TITLE_TEXT = 18, 20  # points
LETTERS = 9  # of that size above a panel
TITLE_LETTER = 0.17  # inches
MOST_COLUMNS = 8


def plot_caption(
    alignments,
    end=False,
    smooth=True,
    columns=None,
    data_format=None,
    title=None,
    path=None,
):
    """Draws captions word by word: the image, lit where the word looked.

    In each panel the place with the most weight is as bright as the image, and a place with none
    is nearly black; on what is black anyway, weight is a grey glow. A row, or several, for each
    caption; the first panel is the image itself. With `columns="all"` every caption is one film
    strip, in a row as long as it needs.

    Args:
        alignments: a `keras_attn.decoding.Alignment` as `generate` and `align` of captioners give
            them, or a list of them: source the image, in [0, 1] or 0..255, target the words,
            weights `(words, height, width)` in [0, 1].
        end: whether the end token has a panel.
        smooth: whether weights are interpolated between the places, as in the paper, or drawn as
            the squares they belong to.
        columns: panels in a row, at most eight by default, or `"all"`; a caption that is longer
            goes on in the row below.
        data_format: String, `"channels_last"` or `"channels_first"`, of the images; `None` infers
            the format from the shape.
        title: a text above the whole figure.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: for no alignment, one whose weights do not fit its words or are no numbers in
            [0, 1], a source that is no image, or another number of columns.

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
    captions = captioned_images(alignments, end, data_format)
    longest = 1 + max(len(caption.words) for caption in captions)
    if columns == "all":
        columns = longest
    columns = positive_integer("columns", MOST_COLUMNS if columns is None else columns)
    columns = min(columns, longest)
    lines = [line for caption in captions for line in _lines(caption, smooth, columns)]
    fonts = families_for([title or "", *(word for caption in captions for word in caption.words)])

    shapes = [caption.image.shape for caption in captions]
    tall = PANEL * min(max([1 / WIDEST, *(shape[0] / shape[1] for shape in shapes)]), TALLEST)
    row = tall + WORD + GAP
    width = columns * (PANEL + GAP) + GAP
    height = len(lines) * row + (TITLE if title else 0.0)
    figure = new_figure(width, height)
    text = {"color": INK, "fontfamily": fonts, "parse_math": False}
    for number, line in enumerate(lines):
        bottom = (len(lines) - 1 - number) * row + GAP
        for place, (word, picture) in line:
            left = GAP + place * (PANEL + GAP)
            axes = figure.add_axes((left / width, bottom / height, PANEL / width, tall / height))
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
            points = TEXT * min(1.0, LETTERS / max(len(word), 1))
            axes.set_title(word, fontsize=points, pad=5, **text)
    if title:
        top = 1 - (TITLE - 0.08) / height
        points = TITLE_TEXT * min(1.0, (width - 2 * GAP) / (TITLE_LETTER * len(title)))
        figure.text(GAP / width, top, title, fontsize=points, **text)
    return saved(figure, path)


def _lines(caption, smooth, columns):
    """Rows of panels: each its place in the row, its word and its picture."""
    panels = [("", caption.image), *zip(caption.words, caption.lit(smooth), strict=True)]
    lines = [list(enumerate(panels[:columns]))]
    # What is too long for a row goes on below, under the first word.
    indent = min(columns - 1, 1)
    for start in range(columns, len(panels), columns - indent):
        lines.append(list(enumerate(panels[start : start + columns - indent], indent)))
    return lines
