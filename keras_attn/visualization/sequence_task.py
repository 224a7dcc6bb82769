import numpy as np

from keras_attn.visualization.figures import INK, axes_at, new_figure, saved, to_numpy, write_at
from keras_attn.visualization.over_time import (
    TICK_TEXT,
    UNCOUNTED,
    VALUES,
    draw_over_time,
    number_steps,
)

# In inches: the most that a step and a channel take; the most that a sequence and a line of them
# take, which may be several with as many steps together; the most and least of a row of channels;
# the room at the left for the names of rows, between rows, and between sequences.
STEP, CHANNEL, WIDEST, LINE, TALLEST, THINNEST = 0.2, 0.16, 12.4, 13.1, 1.1, 0.3
NAMES, GAP, BETWEEN = 0.9, 0.1, 0.25
# Lines of text above a sequence, the numbers of the steps below it, the line that explains colours.
TITLE, COUNT, STEPS, LEGEND, EDGE = 0.3, 0.28, 0.6, 0.45, 0.12
NARROWEST = 6.0  # for that line
TEXT, TITLE_TEXT = 14, 15  # points
LETTER, TITLE_LETTER = 0.09, 0.115  # inches
WRONG, UNSURE = "#D55E00", "#F6D2BC"


def plot_sequence_task(inputs, targets, outputs, mask=None, titles=None, title=None, path=None):
    """Draws what a model of sequences was given, what it should answer, and what it answers.

    Input, target, output and what is wrong with it stand above one another, time to the right,
    channels upwards. Zero is blue and one is yellow. Below, a bit on the wrong side of one half is
    red, one on the right side the paler the surer it is; above, it is said how many are wrong.
    Short sequences stand side by side, as many as have room; all steps are equally wide, unless a
    sequence would be too small for its text.

    Args:
        inputs: what the model was given, `(steps, channels)`, or several: `(batch, steps,
            channels)` or a list of sequences of any lengths. Numbers beyond [0, 1], such as
            priorities, stretch the colours of all inputs. None leaves them out, as the paper does.
        targets: what it should answer, alike, with as many steps; in [0, 1].
        outputs: what it answers, of the shape of the targets; in [0, 1].
        mask: which steps of the answer count, `(steps,)`, or several like the targets. Others are
            grey, and not counted.
        titles: a text above each sequence.
        title: a text above the whole figure.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: for no sequence, one without steps or channels, shapes that do not fit each
            other, answers outside [0, 1], or titles that are not as many as the sequences.

    Example:

    >>> bits = np.random.default_rng(0).integers(0, 2, (5, 8))
    >>> figure = keras_attn.visualization.plot_sequence_task(bits, bits, 0.9 * bits)
    >>> [axes.get_ylabel() for axes in figure.axes[:4]]
    ['input', 'target', 'output', 'errors']
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0 of 40 bits wrong']

    Reference:
        Graves et al., "Neural Turing Machines", 2014, figures 4, 8, 9 and 11,
        https://arxiv.org/abs/1410.5401
    """
    examples = checked_examples(inputs, targets, outputs, mask)
    titles = [titles] if isinstance(titles, str) else titles
    if titles is not None and len(titles) != len(examples):
        raise ValueError(
            f"`titles` must be as many as there are sequences, {len(examples)}. "
            f"Received: {len(titles)}"
        )
    panels = [_Panel(*one, titles[n] if titles else "") for n, one in enumerate(examples)]
    step = min(STEP, WIDEST / max(len(panel.errors) for panel in panels))
    channel = min(CHANNEL, TALLEST / max(panel.channels for panel in panels))
    for panel in panels:
        panel.measure(step, channel)
    lines = [[]]
    for panel in panels:
        if lines[-1] and sum(one.room for one in lines[-1]) + panel.room > LINE + BETWEEN:
            lines.append([])
        lines[-1].append(panel)
    heights = [max(panel.height for panel in line) for line in lines]

    top = EDGE + (TITLE + 0.05 if title else 0.0)
    width = NAMES + max(sum(panel.room for panel in line) for line in lines)
    width, height = max(width, NARROWEST), top + sum(heights) + LEGEND
    figure = new_figure(width, height)
    if title:
        write_at(figure, EDGE, EDGE, title, fontsize=TITLE_TEXT + 2, va="top")
    given = [panel.inputs for panel in panels if panel.inputs is not None]
    low, high = min([0.0, *map(np.min, given)]), max([1.0, *map(np.max, given)])
    for line, tall in zip(lines, heights, strict=True):
        left = NAMES
        for place, panel in enumerate(line):
            panel.draw(figure, left, top, low, high, named=place == 0)
            left += panel.room
        top += tall
    _draw_legend(figure, height - LEGEND, any(panel.masked for panel in panels))
    return saved(figure, path)


class _Panel:
    """One sequence: its rows above one another, below what is said of it; sizes in inches."""

    def __init__(self, inputs, targets, outputs, counts, title):
        self.inputs, self.title = inputs, title
        self.errors = np.abs(outputs - targets)
        self.masked = not counts.all()
        for rows in (targets, outputs, self.errors):
            rows[~counts] = np.nan
        self.rows = {"input": inputs, "target": targets, "output": outputs, "errors": self.errors}
        self.rows = {name: values for name, values in self.rows.items() if values is not None}
        self.channels = max(values.shape[1] for values in self.rows.values())
        self.wrong = int((self.errors > 0.5).sum())
        self.count = f"{self.wrong} of {int(counts.sum()) * targets.shape[1]} bits wrong"

    def measure(self, step, channel):
        text = max(LETTER * len(self.count), TITLE_LETTER * len(self.title))
        steps = len(self.errors)
        self.width = max(steps * step, min(text, steps * STEP))
        self.room = max(self.width, text) + BETWEEN
        self.above = COUNT + (TITLE if self.title else 0.0)
        self.tall = {
            name: max(values.shape[1] * channel, THINNEST) for name, values in self.rows.items()
        }
        self.height = self.above + sum(self.tall.values()) + GAP * (len(self.rows) - 1) + STEPS

    def draw(self, figure, left, top, low, high, named):
        if self.title:
            write_at(figure, left, top + 0.05, self.title, fontsize=TITLE_TEXT, va="top")
        top += self.above
        for place, (name, values) in enumerate(self.rows.items()):
            axes = axes_at(figure, left, top, self.width, self.tall[name])
            if name == "errors":
                # What is a little above a half would have the colour of what is a little below.
                draw_over_time(axes, np.where(values > 0.5, 1, values), _error_colours(), 0, 1)
            else:
                ends = (low, high) if name == "input" else (0, 1)
                draw_over_time(axes, values, VALUES, *ends)
            if place == 0:
                wrong = {"color": WRONG, "fontweight": "bold"} if self.wrong else {"color": INK}
                axes.annotate(
                    self.count, (0, 1), xytext=(0, 4), xycoords="axes fraction",
                    textcoords="offset points", fontsize=TICK_TEXT, **wrong,
                )  # fmt: skip
            if named:
                axes.set_ylabel(name, fontsize=TEXT, color=INK, rotation=0, ha="right", va="center")
            top += self.tall[name] + GAP
        number_steps(axes)


def _error_colours():
    """White for what is right for sure, paler red up to one half, and red beyond it."""
    from matplotlib.colors import LinearSegmentedColormap

    places = [(0.0, "white"), (0.5, UNSURE), (0.505, WRONG), (1.0, WRONG)]
    return LinearSegmentedColormap.from_list("errors", places)


def _draw_legend(figure, top, masked):
    """Draws the legend of the colors in one line at the bottom."""
    from matplotlib.patches import Rectangle

    width, height = figure.get_size_inches()
    top += 0.1
    bar = axes_at(figure, NAMES + 0.17, top, 0.8, 0.16)
    bar.imshow(np.linspace(0, 1, 64)[None], cmap=VALUES, aspect="auto")
    bar.set_axis_off()
    text = {"fontsize": TICK_TEXT, "va": "center"}
    write_at(figure, NAMES, top + 0.08, "0", **text)
    write_at(figure, NAMES + 1.05, top + 0.08, "1", **text)
    left = NAMES + 1.5
    names = {"wrong": WRONG, "unsure": UNSURE, **({"does not count": UNCOUNTED} if masked else {})}
    for name, shade in names.items():
        corner = (left / width, 1 - (top + 0.16) / height)
        figure.add_artist(Rectangle(corner, 0.16 / width, 0.16 / height, color=shade, linewidth=0))
        write_at(figure, left + 0.26, top + 0.08, name, **text)
        left += 0.45 + LETTER * len(name)


def checked_examples(inputs, targets, outputs, mask):
    """The sequences one by one.

    Args:
        inputs, targets, outputs, mask: see `plot_sequence_task`.

    Returns:
        A list of `(inputs, targets, outputs, counts)`, new NumPy arrays: float32 `(steps,
        channels)`, where inputs may be None, and boolean `(steps,)`, which steps count.

    Raises:
        ValueError: for no sequence, shapes that do not fit each other, or answers outside [0, 1]
            where they count.
    """
    targets, outputs = _sequences(targets, "targets"), _sequences(outputs, "outputs")
    count = len(targets)
    inputs = [None] * count if inputs is None else _sequences(inputs, "inputs")
    if mask is None:
        mask = [np.ones(len(one), bool) for one in targets]
    else:
        mask = [one.astype(bool) for one in _sequences(mask, "mask", rank=1)]
    for name, several in (("outputs", outputs), ("inputs", inputs), ("mask", mask)):
        if len(several) != count:
            raise ValueError(
                f"`{name}` must be as many as the targets, {count}. Received: {len(several)}"
            )
    for given, target, output, counts in zip(inputs, targets, outputs, mask, strict=True):
        if output.shape != target.shape:
            raise ValueError(
                f"`outputs` must be of the shape of the targets, {target.shape}. "
                f"Received: {output.shape}"
            )
        for name, one in (("inputs", given), ("mask", counts)):
            if one is not None and len(one) != len(target):
                raise ValueError(
                    f"`{name}` must have as many steps as the targets, {len(target)}. "
                    f"Received: {len(one)}"
                )
        for name, one in (("targets", target), ("outputs", output)):
            if not (one[counts].size == 0 or (one[counts].min() >= 0 and one[counts].max() <= 1)):
                raise ValueError(
                    f"`{name}` must be in [0, 1]: of logits, take the sigmoid. "
                    f"Received: from {one.min()} to {one.max()}"
                )
    return list(zip(inputs, targets, outputs, mask, strict=True))


def _sequences(given, name, rank=2):
    """A list of sequences from one or several, each a new NumPy array of a rank."""
    if isinstance(given, (list, tuple)) and len(given) and np.ndim(given[0]) == rank:
        several = [to_numpy(one) for one in given]
    else:
        given = to_numpy(given)
        several = [given] if given.ndim == rank else list(given)
    axes = "(steps, channels)" if rank == 2 else "(steps,)"
    if not several or any(one.ndim != rank or 0 in one.shape for one in several):
        shapes = [one.shape for one in several]
        raise ValueError(
            f"`{name}` must be one sequence, {axes}, or several, none of them empty. "
            f"Received: shapes {shapes}"
        )
    return [np.array(one) for one in several]
