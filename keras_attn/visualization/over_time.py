"""Sequences of vectors as pictures: time to the right, channels upwards."""

from keras_attn.visualization.figures import INK

# From dark blue to yellow, as colour-blind readers see it too; from black to white; and from blue
# over white to red, for numbers of both signs.
VALUES, WEIGHTS, SIGNED = "cividis", "gray", "RdBu_r"
UNCOUNTED = "#d9d9d9"  # steps that do not count
TICK_TEXT = 12  # points
STRIDES = [digit * 10**power for power in range(9) for digit in (1, 2, 5)]


def draw_over_time(axes, values, colours, low, high, upwards=True):
    """Draws numbers as a picture that fills the axes; those that are not numbers are left grey.

    Steps are numbered from 1 by ticks below, which `number_steps` shows.

    Args:
        axes: where to draw.
        values: `(steps, rows)`.
        colours: the name of a colour map, or a colour map.
        low, high: the numbers that have its first and last colour.
        upwards: whether the first row is the lowest.

    Returns:
        The image.
    """
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    steps, rows = values.shape
    shades = colormaps.get_cmap(colours).with_extremes(bad=UNCOUNTED)
    below, above = (-0.5, rows - 0.5) if upwards else (rows - 0.5, -0.5)
    image = axes.imshow(
        values.T,
        cmap=shades,
        vmin=low,
        vmax=high,
        aspect="auto",
        interpolation="nearest",
        origin="lower" if upwards else "upper",
        extent=(0.5, steps + 0.5, below, above),
    )
    width = axes.get_window_extent().width / axes.figure.dpi
    most = max(1, min(12, int(width / 0.45)))
    axes.xaxis.set_major_locator(MaxNLocator(most, integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=TICK_TEXT, colors=INK, labelbottom=False, bottom=False)
    axes.set_yticks([])
    axes.spines[:].set(color=INK, linewidth=0.6)
    return image


def number_steps(axes, points=14):
    """Shows the numbers of the steps below a picture, and says what they are."""
    axes.tick_params(bottom=True, labelbottom=True)
    axes.set_xlabel("step", fontsize=points, color=INK, labelpad=2)


def number_locations(axes, locations, points=14, most=8):
    """Writes numbers of locations of a memory beside a picture that has a row for each.

    Args:
        axes: where they were drawn.
        locations: their numbers, from the top.
        points: size of what says what they are.
        most: how many are numbered at most.
    """
    every = next(each for each in STRIDES if len(locations) <= most * each)
    rows = [row for row, location in enumerate(locations) if location % every == 0]
    axes.set_yticks(rows, [str(locations[row]) for row in rows])
    axes.set_ylabel("location", fontsize=points, color=INK, labelpad=2)
