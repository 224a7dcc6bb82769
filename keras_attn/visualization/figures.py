"""What all figures share: colours, the canvas, the way to disk."""

from pathlib import Path

import keras
import numpy as np

# Okabe and Ito's colours, told apart by colour-blind readers as well; those that stand out on
# dark images come first. Black is left to text and outlines.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")
# Darker ones first, for lines and bars on a white page.
PAGE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
INK = "#222222"
DPI = 200


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
    """What can be made a tensor, as a NumPy array of single precision."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(array, "float32")))


def saved(figure, path):
    """The figure, written to `path` unless that is None; missing folders are made."""
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return figure
