"""Charts that compare networks: their errors, and how they learned."""

import itertools

import numpy as np

from keras_attn.visualization.figures import INK, PAGE_COLOURS, colour, new_chart, saved

LINE_STYLES = ("-", "--", "-.", ":")


def plot_errors(errors, label="test error, %", title=None, path=None):
    """Draws the errors of several networks as bars, grouped by task.

    Several numbers for one bar are runs of the same network: the bar is their mean, a dot is a run.

    Args:
        errors: a dict of dicts, `{network: {task: error}}`; an error is a number or a list of them.
            A network may leave tasks out.
        label: what the bars measure, and in which unit.
        title: a text above the chart.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is nothing to draw.

    Example:

    >>> figure = keras_attn.visualization.plot_errors(
    ...     {"CNN": {"R": 1.2, "RTS": 0.8}, "ST-CNN": {"R": 0.7, "RTS": [0.5, 0.6]}}
    ... )
    >>> len(figure.axes[0].patches)
    4
    """
    tasks = list(dict.fromkeys(task for network in errors.values() for task in network))
    if not tasks:
        raise ValueError(f"`errors` must hold at least one error. Received: errors={errors}")
    width = 0.8 / len(errors)
    inches = 3.0 + 0.95 * len(tasks) * len(errors)
    decimals = (
        1
        if max(np.max(error) for network in errors.values() for error in network.values()) >= 10
        else 2
    )
    figure, axes = new_chart(width=float(np.clip(inches, 6.0, 16.0)), y=label, title=title)
    for index, (network, by_task) in enumerate(errors.items()):
        runs = {task: np.atleast_1d(by_task[task]) for task in tasks if task in by_task}
        offset = (index - (len(errors) - 1) / 2) * width
        places = np.asarray([tasks.index(task) for task in runs]) + offset
        shade = colour(index, PAGE_COLOURS)
        means = [values.mean() for values in runs.values()]
        bars = axes.bar(places, means, 0.9 * width, color=shade, label=network)
        for place, values in zip(places, runs.values(), strict=True):
            if len(values) > 1:
                axes.plot(
                    np.full(len(values), place), values, "o", color=INK, markersize=4, alpha=0.8
                )
        peaks = [values.max() for values in runs.values()]
        for bar, mean, peak in zip(bars, means, peaks, strict=True):
            axes.annotate(
                f"{mean:.{decimals}f}",
                (bar.get_x() + bar.get_width() / 2, peak),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=15,
                color=INK,
            )
    axes.set_xticks(range(len(tasks)), tasks, fontsize=15)
    axes.tick_params(axis="x", length=0)
    _slant_where_they_touch(axes.get_xticklabels())
    axes.margins(y=0.15)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper right", ncols=4, fontsize=14,
        frameon=False,
    )  # fmt: skip
    return saved(figure, path)


def _slant_where_they_touch(labels):
    """Long names of tasks stand aslant rather than over one another."""
    boxes = [label.get_window_extent() for label in labels]
    gap = 8 * labels[0].figure.dpi / 72
    if any(one.x1 + gap > two.x0 for one, two in itertools.pairwise(boxes)):
        for label in labels:
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def plot_learning_curves(
    histories,
    metric="val_loss",
    label=None,
    scale="linear",
    title=None,
    path=None,
    x=None,
    x_label=None,
):
    """Draws how several runs learned: one line a run, named at its end.

    Runs in a list are repetitions of the same network: the line is their mean, the band reaches
    from the lowest to the highest.

    Args:
        histories: a dict from names to what `fit` returned (a `keras.callbacks.History`), to its
            `history` dict, or to a list of either.
        metric: which entry of the histories to draw.
        label: what the y axis measures, and in which unit; the metric's name by default.
        scale: String, `"linear"` or `"log"`, scale of the y axis. On a logarithmic scale, zeros are
            drawn on a dotted line below all other values, which is marked as 0.
        title: a text above the chart.
        path: a file to write the figure to; its folder is made.
        x: what the curves are drawn against, by default the number of the epoch: the name of an
            entry of the histories, such as sequences seen, or a list of numbers, one for each
            epoch, that all runs share.
        x_label: what the x axis measures, and in which unit; the name by default.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is nothing to draw, a run has no such metric or no such `x`, or `x` is
            shorter than a run or not the same for the repetitions of one network.

    Example:

    >>> figure = keras_attn.visualization.plot_learning_curves(
    ...     {"CNN": {"loss": [2.0, 1.5]}, "ST-CNN": {"loss": [1.8, 0.9]}}, metric="loss"
    ... )
    >>> len(figure.axes[0].lines)
    2

    Bits against the sequences seen, which are counted otherwise for each run:

    >>> runs = {"NTM": {"bits": [30.0, 0.1], "sequences": [1000, 2000]},
    ...         "LSTM": {"bits": [40.0, 20.0], "sequences": [5000, 10000]}}
    >>> figure = keras_attn.visualization.plot_learning_curves(
    ...     runs, "bits", scale="log", x="sequences", x_label="sequences seen"
    ... )
    >>> figure.axes[0].lines[1].get_xdata().tolist()
    [5000.0, 10000.0]
    """
    from matplotlib.ticker import (
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    if not histories:
        raise ValueError(f"`histories` must hold at least one run. Received: {histories}")
    if x_label is None:
        x_label = "epoch" if x is None else x if isinstance(x, str) else None
    figure, axes = new_chart(x=x_label, y=label or metric, title=title)
    axes.set_yscale(scale)
    if x is None:
        axes.xaxis.get_major_locator().set_params(integer=True)
    every = {name: _curves(name, runs, metric) for name, runs in histories.items()}
    if scale == "log":
        values = np.concatenate([curves.ravel() for curves in every.values()])
        if (values < 0).any():
            raise ValueError(
                '`scale` must be "linear" if values are negative. '
                f'Received: scale="log", smallest {metric} {np.nanmin(values)}'
            )
        positive = values[values > 0]
        smallest = positive.min() if len(positive) else 1.0
        zero = smallest / 2
        every = {name: np.maximum(curves, zero) for name, curves in every.items()}
    ends = []
    for index, (name, curves) in enumerate(every.items()):
        length = curves.shape[1]
        places, shade = _places(name, histories[name], x, length), colour(index, PAGE_COLOURS)
        style = LINE_STYLES[index % len(LINE_STYLES)]
        marker = "o" if length == 1 else None
        axes.plot(places, curves.mean(0), style, color=shade, linewidth=2.5, marker=marker)
        if len(curves) > 1:
            axes.fill_between(places, curves.min(0), curves.max(0), color=shade, alpha=0.2, lw=0)
        ends.append((places[-1], curves.mean(0)[-1], name, shade))
    if scale == "log":
        if (values == 0).any():
            _mark_zero(axes, zero)
        if not len(positive):
            axes.set_ylim(zero / 3, 1.0)
        low, high = axes.get_ylim()
        # In less than a power of ten there would be one number at the axis, or none.
        if high < 10.0 * low:
            axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        # Below the smallest positive value there are only zeros.
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}" if value >= 0.99 * smallest else "")
        )
        axes.yaxis.set_minor_formatter(NullFormatter())
    _name_ends(axes, ends)
    return saved(figure, path)


def _mark_zero(axes, place):
    """Draws the dotted line that stands for zero on a logarithmic scale."""
    axes.axhline(place, color="#aaaaaa", linewidth=1.0, linestyle=":", zorder=0)
    axes.annotate(
        "0", (0, place), xytext=(-7, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va="center", fontsize=14, color=INK,
    )  # fmt: skip


def _curves(name, runs, metric):
    """The curves of all runs of one name, as long as the shortest: `(runs, epochs)`."""
    curves = _entries(name, runs, metric, "metric")
    length = min(map(len, curves))
    return np.asarray([curve[:length] for curve in curves], dtype="float64")


def _entries(name, runs, entry, argument):
    """An entry of the history of every run of one name; `argument` is what asked for it."""
    found = []
    for run in runs if isinstance(runs, list) else [runs]:
        history = getattr(run, "history", run)
        if entry not in history or not len(history[entry]):
            raise ValueError(
                f"`{argument}` must be in every history. Received: {argument}={entry!r}, but "
                f"{name!r} has {sorted(history)}"
            )
        found.append(history[entry])
    return found


def _places(name, runs, x, length):
    """Positions of the epochs of runs of one name on the x axis: `(epochs,)`."""
    if x is None:
        return np.arange(1, length + 1)
    found = _entries(name, runs, x, "x") if isinstance(x, str) else [x]
    if min(map(len, found)) < length:
        raise ValueError(
            f"`x` must have a number for each of the {length} epochs of {name!r}. "
            f"Received: {min(map(len, found))} numbers"
        )
    found = np.asarray([places[:length] for places in found], dtype="float64")
    if np.ptp(found, axis=0).any():
        raise ValueError(f"`x` must be the same for all runs of {name!r}. Received: {found}")
    return found[0]


def _name_ends(axes, ends):
    """Writes each line's name at its end, moved apart where lines end close to each other."""
    axes.figure.draw_without_rendering()
    height = 20 * axes.figure.dpi / 72
    lowest = -np.inf
    for x, y, name, shade in sorted(ends, key=lambda end: end[1]):
        at = axes.transData.transform((x, y))[1]
        place = max(at, lowest + height)
        lowest = place
        axes.annotate(
            name,
            (x, y),
            xytext=(10, (place - at) * 72 / axes.figure.dpi),
            textcoords="offset points",
            va="center",
            fontsize=15,
            fontweight="bold",
            color=shade,
            annotation_clip=False,
        )
