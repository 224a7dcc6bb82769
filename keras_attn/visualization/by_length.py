import numpy as np

from keras_attn.visualization.comparison import LINE_STYLES
from keras_attn.visualization.figures import PAGE_COLOURS, colour, new_chart, saved


def plot_by_length(scores, label="BLEU", title=None, path=None):
    """Draws how good models are by the length of what they read.

    Args:
        scores: a dict of dicts, `{model: {length: score}}`.
        label: what is measured, and in which unit.
        title: a text above the chart.
        path: a file to write the figure to; its folder is made.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: if there is nothing to draw.

    Example:

    >>> figure = keras_attn.visualization.plot_by_length(
    ...     {"attention": {5: 30.0, 15: 31.0}, "one vector": {5: 29.0, 15: 20.0}}
    ... )
    >>> len(figure.axes[0].lines)
    2

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        2015, figure 2, https://arxiv.org/abs/1409.0473
    """
    if not scores or not all(scores.values()):
        raise ValueError(f"`scores` must hold a score of every model. Received: scores={scores}")
    figure, axes = new_chart(x="length of the source, words", y=label, title=title)
    for index, (model, by_length) in enumerate(scores.items()):
        lengths, values = zip(*sorted(by_length.items()), strict=True)
        axes.plot(
            lengths,
            values,
            LINE_STYLES[index % len(LINE_STYLES)],
            color=colour(index, PAGE_COLOURS),
            marker="o",
            linewidth=2.5,
            label=model,
        )
    highest = max(np.max(list(by_length.values())) for by_length in scores.values())
    axes.set_ylim(0, 1.1 * max(highest, 1e-3))
    axes.legend(fontsize=14, frameon=False)
    return saved(figure, path)
