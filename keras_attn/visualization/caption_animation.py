"""A caption that is written word by word, as an animated GIF."""

import numpy as np

from keras_attn.visualization.animation import checked_seconds, write_gif
from keras_attn.visualization.captioned_image import CaptionedImage
from keras_attn.visualization.figures import COLOURS, INK, new_figure
from keras_attn.visualization.script_fonts import families_for

# In inches: the longer side of the image, the edge around all, a line of text.
SIDE, EDGE, LINE = 2.5, 0.1, 0.27
TEXT = 13  # points
PALE = "#999999"  # of words that are still to come


def animate_caption(
    alignment, path, seconds_per_word=0.8, end=False, smooth=True, data_format=None
):
    """Writes an animated GIF that reads a caption aloud: each word, and where it looked.

    First the image and its whole caption; then for one word after the other the image lit where
    the word looked, as `plot_caption` draws it, and the word marked in the caption below.

    Args:
        alignment: a `keras_attn.decoding.Alignment`, see `plot_caption`.
        path: the `.gif` file to write; its folder is made.
        seconds_per_word: how long each word is seen; the whole caption twice as long.
        end: whether the end token is one of the words.
        smooth: whether weights are interpolated between the places.
        data_format: String, `"channels_last"` or `"channels_first"`, of the image; `None` infers
            the format from the shape.

    Returns:
        The path.

    Raises:
        ValueError: if the seconds are no positive number; for an alignment see `plot_caption`.

    Example:

    >>> found = keras_attn.decoding.Alignment(
    ...     np.ones((8, 8, 3)), ["a", "star", "</s>"], np.ones((3, 2, 2)) / 4
    ... )
    >>> keras_attn.visualization.animate_caption(found, "caption.gif").name
    'caption.gif'

    Reference:
        Xu et al., "Show, Attend and Tell", 2015, figure 3, https://arxiv.org/abs/1502.03044
    """
    checked_seconds("seconds_per_word", seconds_per_word)
    caption = CaptionedImage(alignment, end, data_format)
    page = _Page(caption)
    frames = [page.frame(caption.image)]
    frames += [page.frame(lit, place) for place, lit in enumerate(caption.lit(smooth))]
    seconds = [2 * seconds_per_word, *[seconds_per_word] * len(caption.words)]
    return write_gif(frames, path, seconds)


class _Page:
    """The image and, below it, the words in lines; nothing moves from one frame to the next."""

    def __init__(self, caption):
        rows, columns = caption.image.shape[:2]
        # Of a very long and thin image a strip is seen at least.
        high, wide = (SIDE * max(side / max(rows, columns), 0.05) for side in (rows, columns))
        width = SIDE + 2 * EDGE
        self.figure = new_figure(width, width)
        self.words = [
            self.figure.text(0, 0, word, size=TEXT, fontfamily=fonts, parse_math=False)
            for fonts in [families_for(caption.words)]
            for word in caption.words
        ]
        lines = self._lines(SIDE)
        height = 3 * EDGE + high + LINE * len(lines)
        self.figure.set_size_inches(width, height)
        for number, line in enumerate(lines):
            down = 2 * EDGE + high + LINE * (number + 0.72)
            for word, left in line:
                word.set_position(((EDGE + left) / width, 1 - down / height))
        left, bottom = (width - wide) / 2, height - EDGE - high
        axes = self.figure.add_axes((left / width, bottom / height, wide / width, high / height))
        axes.set_axis_off()
        self.picture = axes.imshow(caption.image, interpolation="nearest", aspect="auto")

    def _lines(self, room):
        """Words in lines of at most so many inches, each with its place in the line."""
        inches = [word.get_window_extent().width / self.figure.dpi for word in self.words]
        smaller = min(1.0, room / max(inches, default=room))
        space = 0.4 * TEXT / 72 * smaller
        lines, left = [], 0.0
        for word, width in zip(self.words, inches, strict=True):
            word.set_size(TEXT * smaller)
            if not lines or left + width * smaller > room + 1e-6:
                lines, left = [*lines, []], 0.0
            lines[-1].append((word, left))
            left += width * smaller + space
        return lines

    def frame(self, image, place=None):
        """The page with this picture, read up to the word at a place, or read to the end."""
        from PIL import Image

        self.picture.set_data(image)
        for number, word in enumerate(self.words):
            now = number == place
            word.set_color(PALE if place is not None and number > place else INK)
            mark = {"boxstyle": "round,pad=0.12", "color": COLOURS[0], "linewidth": 0}
            word.set_bbox(mark if now else None)
        self.figure.canvas.draw()
        return Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3])
