"""Images as DRAW paints them: the canvas at every step, and the windows."""

import numpy as np

from keras_attn.ops.checks import positive_integer
from keras_attn.visualization.figures import (
    INK,
    axes_at,
    channels_last,
    new_figure,
    saved,
    to_numpy,
    write_at,
)

# Of what is read and what is written.
READ_COLOUR, WRITE_COLOUR = "#009E73", "#D55E00"
# In inches: the height of an image, the gap between two, the edge, a line of text.
CELL, GAP, EDGE, LINE = 1.0, 0.06, 0.12, 0.32
TEXT = 13  # points
LETTER = 0.105  # inches, of an average one of that size
# Points of a frame's line, from the sharpest filters to the most blurred.
THINNEST, THICKEST = 1.2, 5.0


def plot_canvases(
    painted, images=None, steps=None, windows=True, title=None, path=None, data_format=None
):
    """Draws how images come to be, step by step, with the windows: the figure of DRAW.

    A row for each example, from the first step to the last, as many as are asked for. The red frame
    is the window that was written through at this step, the green one, on the image at the left of
    a reconstruction and of a classifier, where it was read. Frames go through the outermost
    filters; the wider their line, the more the filters blur.

    Args:
        painted: what `keras_attn.applications.DRAW.generate` or `.reconstruct` returns.
        images: what was reconstructed, `(batch, height, width, channels)`, in a column at the left;
            None for no such column.
        steps: numbers of the steps to draw, from 0; None for up to ten of them, evenly spaced, the
            first and the last among them.
        windows: whether the windows are drawn.
        title: a text above all.
        path: a file to write the figure to, `.png`, `.pdf` or `.svg`; its folder is made.
        data_format: String, `"channels_last"` or `"channels_first"`, of canvases and images; `None`
            infers the format from the shape.

    Returns:
        A `matplotlib.figure.Figure` that no window and no global state belongs to.

    Raises:
        ValueError: for canvases or images of another rank or number, or steps that are not there.

    Example:

    >>> painted = {"images": np.random.default_rng(0).random((2, 5, 8, 8, 1))}
    >>> figure = keras_attn.visualization.plot_canvases(painted)
    >>> len(figure.axes)
    10

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015, figures 6 to
        8, https://arxiv.org/abs/1502.04623
    """
    canvases = checked_canvases(painted, data_format)
    count, total = canvases.shape[:2]
    steps = chosen_steps(steps, total)
    if images is not None:
        given_shape = np.shape(images)
        images = channels_last(images, data_format)
        if images.shape != (count, *canvases.shape[2:]):
            raise ValueError(
                "`images` must be like the canvases, one for each. Received: "
                f"images.shape={tuple(given_shape)}, "
                f"canvases of shape {tuple(np.shape(painted['images']))}"
            )
    rows, columns = canvases.shape[2:4]
    width, first = CELL * columns / rows, 0.0
    if images is not None:
        first = width + 3 * GAP
    top = EDGE + (LINE if title else 0.0) + LINE
    figure = new_figure(
        2 * EDGE + first + len(steps) * (width + GAP) - GAP, top + count * (CELL + GAP) + EDGE
    )
    middle = figure.get_size_inches()[0] / 2
    if title:
        write_at(figure, middle, EDGE, title, size=TEXT + 3, va="top", ha="center")
    heads = [(EDGE + first + place * (width + GAP), step + 1) for place, step in enumerate(steps)]
    if images is not None:
        heads = [(EDGE, "image"), *heads]
    for left, head in heads:
        write_at(
            figure, left + width / 2, top - 0.08, str(head), size=TEXT, va="baseline", ha="center"
        )
    for example in range(count):
        down = top + example * (CELL + GAP)
        if images is not None:
            axes = axes_at(figure, EDGE, down, width, CELL)
            show_image(axes, images[example])
        for place, step in enumerate(steps):
            axes = axes_at(figure, EDGE + first + place * (width + GAP), down, width, CELL)
            show_image(axes, canvases[example, step])
            if windows:
                draw_windows(axes, painted, example, step)
    return saved(figure, path)


def plot_images(images, columns=None, rows=None, title=None, path=None, data_format=None):
    """Draws images side by side without a word, as papers show what a model generates.

    Args:
        images: Array of shape `(batch, height, width, channels)`, or `(batch, channels, height,
            width)`, in [0, 1].
        columns: images in a row; by default about as many as there are rows.
        rows: a text for each row, at its left; None for none.
        title: a text above all.
        path: a file to write the figure to, `.png`, `.pdf` or `.svg`; its folder is made.
        data_format: String, `"channels_last"` or `"channels_first"`; `None` infers the format from
            the shape.

    Returns:
        A `matplotlib.figure.Figure` that no window and no global state belongs to.

    Raises:
        ValueError: for images of another rank, a number of columns that is not positive, or another
            number of texts than there are rows.

    Example:

    >>> images = np.random.default_rng(0).random((6, 8, 8, 3))
    >>> len(keras_attn.visualization.plot_images(images, columns=3).axes)
    6
    """
    given_shape = np.shape(images)
    images = channels_last(images, data_format)
    if images.ndim != 4 or not len(images):
        raise ValueError(
            "`images` must be of rank 4, images with a batch axis, one at least. Received: "
            f"images.shape={tuple(given_shape)}"
        )
    if columns is None:
        columns = int(np.ceil(np.sqrt(len(images))))
    columns = min(positive_integer("columns", columns), len(images))
    lines = -(-len(images) // columns)
    if rows is not None and (isinstance(rows, str) or len(rows) != lines):
        raise ValueError(f"`rows` must be {lines} texts. Received: rows={rows!r}")
    width, top = CELL * images.shape[2] / images.shape[1], EDGE + (LINE if title else 0.0)
    first = EDGE + (max(map(len, rows)) * LETTER + EDGE if rows else 0.0)
    figure = new_figure(
        first + columns * (width + GAP) - GAP + EDGE, top + lines * (CELL + GAP) - GAP + EDGE
    )
    for line, text in enumerate(rows or ()):
        middle = top + line * (CELL + GAP) + CELL / 2
        write_at(figure, first - EDGE, middle, text, size=TEXT, va="center", ha="right")
    if title:
        middle = figure.get_size_inches()[0] / 2
        write_at(figure, middle, EDGE, title, size=TEXT + 3, va="top", ha="center")
    for place, image in enumerate(images):
        line, column = divmod(place, columns)
        left, down = first + column * (width + GAP), top + line * (CELL + GAP)
        show_image(axes_at(figure, left, down, width, CELL), image)
    return saved(figure, path)


def checked_canvases(painted, data_format=None):
    """The canvases of what was painted, `(batch, steps, height, width, channels)`."""
    canvases = channels_last(painted["images"], data_format)
    if canvases.ndim != 5 or 0 in canvases.shape:
        raise ValueError(
            "`painted` must hold `images` of rank 5, canvases with the axes batch and steps, none "
            f"of them empty. Received: images of shape {tuple(np.shape(painted['images']))}"
        )
    return canvases


def chosen_steps(steps, total, most=10):
    """The numbers of the steps that are drawn, a list.

    Args:
        steps: these numbers, from 0; None for evenly spaced ones, the first and the last among
            them.
        total: how many steps there are.
        most: how many are drawn at most, where `steps` is None.

    Raises:
        ValueError: for no step, or one that is not there.
    """
    if steps is None:
        return np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(int)).tolist()
    steps = list(steps)
    if not steps or not all(0 <= step < total for step in steps):
        raise ValueError(f"`steps` must lie in 0..{total - 1}. Received: steps={steps}")
    return steps


def show_image(axes, image):
    """Draws an image without axes: of three channels in colour, of others their mean in grey.

    Args:
        axes: where to draw.
        image: `(height, width, channels)` in [0, 1], to which it is clipped.
    """
    if image.shape[-1] != 3:
        image = image.mean(axis=-1)
    axes.imshow(np.clip(image, 0.0, 1.0), cmap="gray", vmin=0.0, vmax=1.0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(INK)
    axes.spines[:].set_linewidth(0.5)


def draw_windows(axes, painted, example, step):
    """Draws the frames of what was read and written at a step.

    Args:
        axes: those of the image.
        painted: see `plot_canvases`; windows that it does not have are left out.
        example, step: which of the batch, and which of the steps.
    """
    for name, colour in (("read_window", READ_COLOUR), ("write_window", WRITE_COLOUR)):
        if name in painted:
            window = {part: to_numpy(each)[example, step] for part, each in painted[name].items()}
            draw_window(axes, window, colour)


def draw_window(axes, window, colour):
    """Draws a window's frame, through its outermost filters, as wide as they blur.

    Args:
        axes: those of the image.
        window: one example's at one step: `box`, `(4,)`, and `variance`, see `keras_attn.DRAWRead`.
        colour: of the frame.
    """
    from matplotlib.patches import Rectangle

    left, top, right, bottom = window["box"]
    # A window of one point is seen as one.
    wide, high = (max(side, 0.5) for side in (right - left, bottom - top))
    blur = np.sqrt(window["variance"]) / 2.0
    axes.add_patch(
        Rectangle(
            (left, top), wide, high, fill=False, edgecolor=colour, joinstyle="miter",
            linewidth=float(np.clip(THINNEST + blur, THINNEST, THICKEST)), alpha=0.9,
        )
    )  # fmt: skip
