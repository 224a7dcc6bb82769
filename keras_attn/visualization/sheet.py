"""The layout of a picture that shows inputs beside what became of them."""

from keras_attn.visualization.figures import INK, new_figure

# Inches: the height of an image, the spaces between images, groups and around all of them, what an
# output leaves for its frame, lines of titles and note, and the width of a letter of a caption.
CELL, GAP, GROUP_GAP, EDGE, FRAME = 1.5, 0.18, 0.35, 0.15, 0.04
TITLE, SUBTITLES, NOTE, LETTER = 0.42, 0.5, 0.25, 0.115
TITLE_SIZE, SUBTITLE_SIZE, CAPTION_SIZE, NOTE_SIZE = 17, 14, 14, 11


class Sheet:
    """A figure of examples: each an input, its outputs for every head, and a caption.

    Everything stands at a place given in inches, so that pictures of one kind have one size and
    nothing moves from one to the next.

    Args:
        count: number of examples.
        columns: how many of them stand side by side.
        input_size: `(height, width)` of an input, in pixels.
        output_size: `(heads, height, width)` of the outputs.
        margin: what is shown around an input, in parts of its size.
        captions: a text for each example, or None.
        title: a text above all, or None.
        note: a text below all.
    """

    def __init__(self, count, columns, input_size, output_size, margin, captions, title, note):
        self.heads, *self.output_size = output_size
        self.input_size = input_size
        self.columns = min(columns, count)
        rows = -(-count // self.columns)
        captions = captions or []

        self.input_width = CELL * input_size[1] / input_size[0]
        self.output_width = CELL * self.output_size[1] / self.output_size[0]
        self.margin = margin * CELL, margin * self.input_width
        # Regions above each other seldom reach out towards each other: their margins may overlap.
        pad_down = max(0.75 * self.margin[0] - GAP / 2, 0.0)
        self.pad = max(self.margin[1] - GAP / 2, 0.0)
        letters = max((len(line) for text in captions for line in text.split("\n")), default=0)
        self.outputs = self.heads * (self.output_width + GAP)
        self.group = 2 * self.pad + self.input_width + self.outputs + GROUP_GAP
        self.group += letters * LETTER + GAP if letters else 0.0
        self.row = CELL + GAP + 2 * pad_down
        self.top = EDGE + (TITLE if title else 0.0) + SUBTITLES + 0.8 * self.margin[0]
        self.width = 2 * EDGE + self.columns * self.group - GROUP_GAP
        last = self.top + (rows - 1) * self.row + CELL
        self.height = last + 0.8 * self.margin[0] + GAP + NOTE * (1 + note.count("\n")) + EDGE
        self.figure = new_figure(self.width, self.height)

        if title:
            self._write(self.width / 2, EDGE, title, size=TITLE_SIZE, va="top", ha="center")
        self._write_subtitles()
        for number, caption in enumerate(captions):
            left, top = self._corner(number)
            left += self._output_left(self.heads)
            self._write(left, top + CELL / 2, caption, size=CAPTION_SIZE, va="center")
        self._write(EDGE, self.height - EDGE, note, size=NOTE_SIZE, va="bottom", color="#555555")

    def _write_subtitles(self):
        options = {"size": SUBTITLE_SIZE, "va": "baseline", "ha": "center", "linespacing": 1.05}
        first, others = "input: where\nit looks", ["output: what\nit sees"]
        if self.heads > 1:
            first = "input: where\nthey look"
            others = [f"head {head + 1}\nsees" for head in range(self.heads)]
        height = self.top - 0.8 * self.margin[0] - 0.12
        for group in range(self.columns):
            left, _ = self._corner(group)
            self._write(left + self.input_width / 2, height, first, **options)
            for head, name in enumerate(others):
                middle = left + self._output_left(head) + self.output_width / 2
                self._write(middle, height, name, **options)

    def _corner(self, number):
        """Left and top of an example's input image."""
        row, group = divmod(number, self.columns)
        return EDGE + group * self.group + self.pad, self.top + row * self.row

    def _output_left(self, head):
        return self.input_width + self.pad + GAP + head * (self.output_width + GAP)

    def input_axes(self, number):
        """Axes for an input, in its pixels, with the margin around it."""
        left, top = self._corner(number)
        return self._axes(left, top, self.input_width, self.margin, self.input_size)

    def output_axes(self, number, head):
        """Axes for an output, in its pixels."""
        left, top = self._corner(number)
        left += self._output_left(head)
        return self._axes(left, top, self.output_width, (FRAME, FRAME), self.output_size)

    def _axes(self, left, top, width, around, size):
        down, across = around
        axes = self.figure.add_axes(
            (
                (left - across) / self.width,
                1 - (top + CELL + down) / self.height,
                (width + 2 * across) / self.width,
                (CELL + 2 * down) / self.height,
            )
        )
        axes.set_axis_off()
        rows, columns = size
        x, y = across / width * columns, down / CELL * rows
        axes.set_xlim(-0.5 - x, columns - 0.5 + x)
        axes.set_ylim(rows - 0.5 + y, -0.5 - y)
        axes.set_autoscale_on(False)
        return axes

    def _write(self, left, top, text, color=INK, **options):
        self.figure.text(left / self.width, 1 - top / self.height, text, color=color, **options)
