"""Helpers of all figures: colors, the canvas, writing to disk."""

from pathlib import Path

import keras
import numpy as np

# Okabe and Ito's colours, told apart by colour-blind readers as well; those that stand out on
# dark images come first. Black is left to text and outlines.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")
# Darker ones first, for lines and bars on a white page.
PAGE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
INK = "#222222"
MOST_COLORS = 4  # largest number of color channels, including transparency
DPI = 200
MARGIN = 0.08  # inches, around texts at the edge


def colour(index, colours=COLOURS):
    """The colour of head, network or run number `index`."""
    return colours[index % len(colours)]


def new_figure(width, height):
    """A figure of a size in inches, drawn by Agg, that no global state of pyplot knows of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def new_chart(width=8.0, height=4.5, title=None, **labels):
    """A figure with one chart: no frame but the axes, text to be read from the last row.

    Args:
        width, height: in inches.
        title: a text above the chart.
        **labels: `x` and `y`, what the axes measure.

    Returns:
        The figure and its axes.
    """
    figure = new_figure(width, height)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(labelsize=14, colors=INK)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_xlabel(labels.get("x"), fontsize=15, color=INK)
    axes.set_ylabel(labels.get("y"), fontsize=15, color=INK)
    if title:
        axes.set_title(title, fontsize=17, color=INK, loc="left", pad=12)
    return figure, axes


def axes_at(figure, left, top, width, height):
    """Axes at a place in inches, from the corner at the top.

    Args:
        figure: of the size that it keeps.
        left, top: of the upper left corner of the axes, from that of the figure.
        width, height: of the axes.

    Returns:
        The axes.
    """
    whole_width, whole_height = figure.get_size_inches()
    return figure.add_axes(
        (
            left / whole_width,
            1 - (top + height) / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )


def write_at(figure, left, top, text, **options):
    """Text at a place in inches, from the corner at the top.

    Args:
        figure: of the size that it keeps.
        left, top: where it stands, from the upper left corner of the figure.
        text: what is written.
        **options: of `matplotlib.figure.Figure.text`.

    Returns:
        The `matplotlib.text.Text`.
    """
    width, height = figure.get_size_inches()
    return figure.text(left / width, 1 - top / height, text, **{"color": INK, **options})


def to_numpy(array):
    """Converts a tensor or nested lists to a NumPy array of single precision."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(array, "float32")))


def channels_last(images, data_format=None):
    """Converts images to float32 NumPy arrays with the channels on the last axis.

    Args:
        images: Array of shape `(..., height, width, channels)` or `(..., channels, height, width)`.
        data_format: String, `"channels_last"` or `"channels_first"`. `None` infers the format from
            the shape if exactly one of the two possible channel axes has at most `MOST_COLORS`
            entries, and is `keras.config.image_data_format()` otherwise.

    Raises:
        ValueError: If `data_format` is unknown.
    """
    images = to_numpy(images)
    if data_format is None:
        data_format = keras.config.image_data_format()
        first, last = (images.ndim > 2 and images.shape[axis] <= MOST_COLORS for axis in (-3, -1))
        if first != last:
            data_format = "channels_first" if first else "channels_last"
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            '`data_format` must be "channels_last" or "channels_first". '
            f"Received: data_format={data_format!r}"
        )
    if data_format == "channels_first" and images.ndim > 2:
        images = np.moveaxis(images, -3, -1)
    return images


def make_room(figure):
    """Enlarges a figure so that texts that exceed its edge are not cut off.

    The sizes in inches of all parts, and their distances, are unchanged.
    """
    from matplotlib.transforms import Bbox

    if figure.get_layout_engine() is not None:
        return
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    over = np.array([-box.x0, -box.y0, box.x1 - width, box.y1 - height])
    left, bottom, right, top = np.where(over > 0.01, over + MARGIN, 0.0)
    if not left + bottom + right + top:
        return
    new_width, new_height = width + left + right, height + bottom + top

    def moved(x, y):
        return (x * width + left) / new_width, (y * height + bottom) / new_height

    for axes in figure.axes:
        corners = axes.get_position().get_points()
        axes.set_position(Bbox.from_extents(*moved(*corners[0]), *moved(*corners[1])))
    for text in figure.texts:
        text.set_position(moved(*text.get_position()))
    for patch in figure.artists:
        part = patch.get_width() * width / new_width, patch.get_height() * height / new_height
        patch.set_xy(moved(*patch.get_xy()))
        patch.set_width(part[0])
        patch.set_height(part[1])
    figure.set_size_inches(new_width, new_height)


def saved(figure, path):
    """The figure, written to `path` unless that is None; missing folders are made."""
    make_room(figure)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return figure
