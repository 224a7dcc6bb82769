"""Images as DRAW paints them, as an animated GIF."""

import numpy as np

from keras_attn.visualization.animation import checked_seconds, write_gif
from keras_attn.visualization.canvases import (
    CELL,
    EDGE,
    GAP,
    checked_canvases,
    draw_windows,
    show_image,
)
from keras_attn.visualization.figures import axes_at, new_figure

# Times the length of a step that the finished images are seen.
LAST = 8


def animate_canvases(
    painted, path, columns=None, windows=True, seconds_per_step=0.2, data_format=None
):
    """Writes an animated GIF of images that come to be, all at once, with the windows.

    Args:
        painted: what `keras_attn.applications.DRAW.generate` or `.reconstruct` returns.
        path: the `.gif` file to write; its folder is made.
        columns: images side by side; by default about as many as there are rows.
        windows: whether the windows are drawn, see `plot_canvases`; the last picture has none.
        seconds_per_step: how long each step is seen.
        data_format: See `plot_canvases`.

    Returns:
        The path.

    Raises:
        ValueError: if the seconds are no positive number; for what is painted see `plot_canvases`.

    Example:

    >>> painted = {"images": np.random.default_rng(0).random((2, 3, 8, 8, 1))}
    >>> keras_attn.visualization.animate_canvases(painted, "canvases.gif").name
    'canvases.gif'

    Reference:
        Gregor et al., "DRAW: A Recurrent Neural Network For Image Generation", 2015,
        https://arxiv.org/abs/1502.04623
    """
    checked_seconds("seconds_per_step", seconds_per_step)
    canvases = checked_canvases(painted, data_format)
    frames = [_frame(painted, canvases, step, columns, windows) for step in range(len(canvases[0]))]
    frames.append(_frame(painted, canvases, -1, columns, windows=False))
    seconds = [seconds_per_step] * (len(frames) - 1)
    return write_gif(frames, path, [*seconds, LAST * seconds_per_step])


def _frame(painted, canvases, step, columns, windows):
    from PIL import Image

    count, _, high, wide, _ = canvases.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    lines, width = -(-count // columns), CELL * wide / high
    figure = new_figure(
        2 * EDGE + columns * (width + GAP) - GAP, 2 * EDGE + lines * (CELL + GAP) - GAP
    )
    figure.set_dpi(100)
    for example in range(count):
        line, column = divmod(example, columns)
        axes = axes_at(
            figure, EDGE + column * (width + GAP), EDGE + line * (CELL + GAP), width, CELL
        )
        show_image(axes, canvases[example, step])
        if windows:
            draw_windows(axes, painted, example, step)
    figure.canvas.draw()
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
