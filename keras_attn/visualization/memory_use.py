from typing import NamedTuple

import numpy as np

from keras_attn.visualization.figures import DPI, INK, axes_at, new_figure, saved, write_at
from keras_attn.visualization.memory_trace import MemoryTrace
from keras_attn.visualization.over_time import (
    SIGNED,
    TICK_TEXT,
    VALUES,
    WEIGHTS,
    draw_over_time,
    number_locations,
    number_steps,
)

# In inches: a step, and the least and most that all of them take; a row of a panel, and the least
# and most of all of them: of channels and of locations.
STEP, NARROWEST, WIDEST = 0.16, 3.2, 5.6
ROW, CHANNELS, LOCATIONS = 0.1, (0.3, 1.2), (0.8, 2.6)
# What stands around panels: names of locations, a title, the steps, a bar of colours, the edge.
NAMES, TITLE, STEPS, BAR, EDGE = 0.9, 0.36, 0.6, 1.1, 0.15
TITLE_TEXT = 15  # points


def plot_memory_use(
    trace,
    example=0,
    inputs=None,
    outputs=None,
    head=None,
    all_locations=False,
    title=None,
    path=None,
):
    """Draws how a Neural Turing Machine uses its memory: at the left writing, at the right reading.

    Time goes to the right. From above: what comes in, the vectors that a head adds, where it adds
    them; and what goes out, the vectors that a head reads, where it reads them. Where weightings
    are white is the head; numbers of the locations go down. Each head has panels of its own.

    Args:
        trace: what `keras_attn.NTM.trace` returned.
        example: which of the batch is drawn.
        inputs: what the machine was given, `(batch, steps, channels)`; None for no such panel.
        outputs: what came out in the end, alike.
        head: the number of one head, from 0, of those that write as of those that read; all by
            default.
        all_locations: whether all locations are drawn. Otherwise it is those to which a head gives
            a weight of at least 0.1 at some step, what lies between them, and two beside them. The
            memory is a ring: its last location may be followed by the first.
        title: a text above the whole figure.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: for a trace that lacks something, shapes that do not fit each other, or an
            example or head that is not there.

    Example:

    >>> layer = keras_attn.NTM(keras_attn.NTMCell(16, 8, 4), return_sequences=True)
    >>> inputs = np.ones((2, 5, 3))
    >>> figure = keras_attn.visualization.plot_memory_use(layer.trace(inputs), inputs=inputs)
    >>> [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]
    ['inputs', 'add vectors', 'write weightings', 'read vectors', 'read weightings']

    Reference:
        Graves et al., "Neural Turing Machines", 2014, figure 6, https://arxiv.org/abs/1410.5401
    """
    found = MemoryTrace(trace, example, inputs, outputs)
    locations = found.locations(every=all_locations)
    rows = _rows(found, locations, head)
    wide = max(min(max(found.steps * STEP, NARROWEST), WIDEST), found.steps / DPI)
    column = NAMES + wide
    above = EDGE + (TITLE if title else 0.0)
    below = TITLE * len(rows) + STEPS + EDGE
    figure = new_figure(2 * column + BAR, above + sum(row.height for row in rows) + below)
    if title:
        write_at(figure, EDGE, EDGE, title, fontsize=TITLE_TEXT + 2, va="top")
    for side in (0, 1):
        top, lowest = above, None
        for row in rows:
            top += TITLE
            if row.panels[side] is not None:
                lowest = axes_at(figure, NAMES + side * column, top, wide, row.height)
                draw_over_time(lowest, row.panels[side], *row.scale, upwards=row.kind != "weight")
                lowest.set_title(
                    row.titles[side], fontsize=TITLE_TEXT, color=INK, loc="left", pad=5
                )
                if row.kind == "weight":
                    number_locations(lowest, locations)
            top += row.height
        number_steps(lowest)
    top, explained = above, set()
    for row in rows:
        # One bar for all rows of a kind.
        if row.kind not in explained:
            explained.add(row.kind)
            _draw_bar(axes_at(figure, 2 * column + 0.15, top + TITLE, 0.16, row.height), row)
        top += TITLE + row.height
    return saved(figure, path)


class _Row(NamedTuple):
    """A panel of the left column and one of the right, `(steps, rows)`; one may be None."""

    kind: str
    titles: tuple
    panels: tuple
    scale: tuple  # a colour map, and the numbers at its ends

    @property
    def height(self):
        least, most = LOCATIONS if self.kind == "weight" else CHANNELS
        rows = max(panel.shape[1] for panel in self.panels if panel is not None)
        # A location is never thinner than a pixel.
        return max(min(max(rows * ROW, least), most), rows / DPI)


def _rows(found, locations, head):
    rows = []
    values = [panel for panel in (found.inputs, found.outputs) if panel is not None]
    if values:
        ends = min([0.0, *map(np.min, values)]), max([1.0, *map(np.max, values)])
        rows.append(
            _Row("sequence", ("inputs", "outputs"), (found.inputs, found.outputs), (VALUES, *ends))
        )
    # What is read and what was written have one scale, so that like has like colours.
    most = max(np.abs(found.add).max(), np.abs(found.reads).max()) or 1.0
    writers, readers = found.add.shape[1], found.reads.shape[1]
    for number in _heads(head, writers, readers):
        name = f", head {number + 1}" if max(writers, readers) > 1 else ""
        vectors, weights = (
            tuple(values[:, number] if number < values.shape[1] else None for values in both)
            for both in (
                (found.add, found.reads),
                (found.write_weights[..., locations], found.read_weights[..., locations]),
            )
        )
        titles = f"add vectors{name}", f"read vectors{name}"
        rows.append(_Row("vector", titles, vectors, (SIGNED, -most, most)))
        titles = f"write weightings{name}", f"read weightings{name}"
        rows.append(_Row("weight", titles, weights, (WEIGHTS, 0, 1)))
    return rows


def _heads(head, writers, readers):
    """The numbers of the heads to draw."""
    if head is None:
        return range(max(writers, readers))
    both = min(writers, readers)
    if isinstance(head, bool) or not hasattr(head, "__index__") or not 0 <= int(head) < both:
        raise ValueError(
            f"`head` must be the number of a head that writes and of one that reads, from 0 to "
            f"{both - 1}, or None. Received: head={head!r}"
        )
    return [int(head)]


def _draw_bar(axes, row):
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours, low, high = row.scale
    bar = axes.figure.colorbar(ScalarMappable(Normalize(low, high), colours), cax=axes)
    bar.set_label("weight" if row.kind == "weight" else "value", fontsize=TICK_TEXT, color=INK)
    bar.set_ticks([low, high] if low == 0 else [low, 0, high])
    bar.ax.set_yticklabels([f"{tick:.2g}" for tick in bar.get_ticks()])
    bar.ax.tick_params(labelsize=TICK_TEXT, colors=INK)
    bar.outline.set_visible(False)
