"""Charts that compare networks: their errors, and how they learned."""

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
    axes.margins(y=0.15)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper right", ncols=4, fontsize=14,
        frameon=False,
    )  # fmt: skip
    return saved(figure, path)


def plot_learning_curves(
    histories, metric="val_loss", label=None, scale="linear", title=None, path=None
):
    """Draws how several runs learned: one line a run, named at its end.

    Runs in a list are repetitions of the same network: the line is their mean, the band reaches
    from the lowest to the highest.

    Args:
        histories: a dict from names to what `fit` returned (a `keras.callbacks.History`), to its
            `history` dict, or to a list of either.
        metric: which entry of the histories to draw.
        label: what the y axis measures, and in which unit; the metric's name by default.
        scale: of the y axis, `"linear"` or `"log"`. A logarithm has no place for zeros: they are
            drawn at half the smallest other value.
        title: a text above the chart.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is nothing to draw, or a run has no such metric.

    Example:

    >>> figure = keras_attn.visualization.plot_learning_curves(
    ...     {"CNN": {"loss": [2.0, 1.5]}, "ST-CNN": {"loss": [1.8, 0.9]}}, metric="loss"
    ... )
    >>> len(figure.axes[0].lines)
    2
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if not histories:
        raise ValueError(f"`histories` must hold at least one run. Received: {histories}")
    figure, axes = new_chart(x="epoch", y=label or metric, title=title)
    axes.set_yscale(scale)
    if scale == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.get_major_locator().set_params(integer=True)
    every = {name: _curves(name, runs, metric) for name, runs in histories.items()}
    if scale == "log":
        positive = np.concatenate([curves[curves > 0] for curves in every.values()])
        lowest = positive.min() / 2 if len(positive) else 1.0
        every = {name: np.maximum(curves, lowest) for name, curves in every.items()}
    ends = []
    for index, (name, curves) in enumerate(every.items()):
        length = curves.shape[1]
        epochs, shade = np.arange(1, length + 1), colour(index, PAGE_COLOURS)
        style = LINE_STYLES[index % len(LINE_STYLES)]
        marker = "o" if length == 1 else None
        axes.plot(epochs, curves.mean(0), style, color=shade, linewidth=2.5, marker=marker)
        if len(curves) > 1:
            axes.fill_between(epochs, curves.min(0), curves.max(0), color=shade, alpha=0.2, lw=0)
        ends.append((epochs[-1], curves.mean(0)[-1], name, shade))
    _name_ends(axes, ends)
    return saved(figure, path)


def _curves(name, runs, metric):
    """The curves of all runs of one name, as long as the shortest: `(runs, epochs)`."""
    curves = []
    for run in runs if isinstance(runs, list) else [runs]:
        history = getattr(run, "history", run)
        if metric not in history or not len(history[metric]):
            raise ValueError(
                f"`metric` must be in every history. Received: metric={metric!r}, but {name!r} has "
                f"{sorted(history)}"
            )
        curves.append(history[metric])
    length = min(map(len, curves))
    return np.asarray([curve[:length] for curve in curves], dtype="float64")


def _name_ends(axes, ends):
    """Writes each line's name at its end, moved apart where lines end close to each other."""
    axes.figure.canvas.draw()
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
