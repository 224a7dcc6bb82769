"""A memory that is written and read step by step, as an animated GIF."""

import numpy as np

from keras_attn.visualization.animation import checked_seconds, write_gif
from keras_attn.visualization.figures import DPI, INK, axes_at, new_figure, write_at
from keras_attn.visualization.memory_trace import MemoryTrace
from keras_attn.visualization.over_time import SIGNED, VALUES, draw_over_time, number_locations

# In inches: the memory's width, the least and most of its height and a location's; the bars of one
# head; a row of a vector, and the least and most of the rows of inputs or outputs.
WIDE, TALL, LOCATION = 2.3, (1.6, 3.2), 0.12
HEAD, VECTOR, CHANNELS, CHANNEL = 1.0, 0.16, (0.2, 0.7), 0.08
# What stands around: the names at the left, spaces, a line of text.
NAMES, GAP, LINE, EDGE = 0.75, 0.08, 0.26, 0.1
TEXT, SMALL = 11, 9  # points
WRITE, READ, NOW = "#D55E00", "#0072B2", "#CC79A7"


def animate_memory(
    trace,
    path,
    example=0,
    inputs=None,
    outputs=None,
    seconds_per_step=0.4,
    all_locations=False,
):
    """Writes an animated GIF of a memory, step by step.

    In the middle is the memory as the step leaves it, a row for each location. The bars at its left
    say where it was written, and the row above it what was added there; the bars at its right say
    where it was read, and the row below it what was found there. Inputs and outputs run along the
    top, with a frame around those of the step; outputs that are still to come are grey.

    All heads read what the step before left, and not what the picture's step writes.

    Args:
        trace: what `keras_attn.NTM.trace` returned.
        path: the `.gif` file to write; its folder is made.
        example: which of the batch is drawn.
        inputs: what the machine was given, `(batch, steps, channels)`; None for no such row.
        outputs: what came out in the end, alike.
        seconds_per_step: how long each step is seen; the last four times as long.
        all_locations: whether all locations are drawn, or only those that
            `keras_attn.visualization.plot_memory_use` draws.

    Returns:
        The path.

    Raises:
        ValueError: if the seconds are no positive number; for the others see `plot_memory_use`.

    Example:

    >>> layer = keras_attn.NTM(keras_attn.NTMCell(16, 8, 4), return_sequences=True)
    >>> inputs = np.ones((2, 3, 5))
    >>> trace = layer.trace(inputs)
    >>> keras_attn.visualization.animate_memory(trace, "memory.gif", inputs=inputs).name
    'memory.gif'

    Reference:
        Graves et al., "Neural Turing Machines", 2014, figures 1 and 6,
        https://arxiv.org/abs/1410.5401
    """
    seconds = checked_seconds("seconds_per_step", seconds_per_step)
    found = MemoryTrace(trace, example, inputs, outputs)
    stage = _Stage(found, found.locations(every=all_locations))
    frames = [stage.frame(step) for step in range(found.steps)]
    return write_gif(frames, path, [*[seconds] * (found.steps - 1), 4 * seconds])


class _Stage:
    """The page, on which nothing moves but what changes from step to step; sizes in inches."""

    def __init__(self, found, locations):
        self.found, self.locations = found, locations
        self.numbers = {
            "add": found.add,
            "memory": found.memory[:, locations],
            "reads": found.reads,
        }
        sequences = {"input": found.inputs, "output": found.outputs}
        sequences = {name: each for name, each in sequences.items() if each is not None}
        room = sum(_height(each) + GAP for each in sequences.values())
        # A location is never thinner than a pixel.
        tall = max(min(max(len(locations) * LOCATION, TALL[0]), TALL[1]), len(locations) / DPI)
        writers, readers = found.add.shape[1], found.reads.shape[1]

        self.left = NAMES + writers * HEAD + GAP
        self.right = self.left + WIDE + GAP
        self.tall = {"add": writers * VECTOR, "memory": tall, "reads": readers * VECTOR}
        self.tops = {"add": EDGE + LINE + room + GAP}
        self.tops["memory"] = self.tops["add"] + self.tall["add"] + GAP
        self.tops["reads"] = self.tops["memory"] + tall + GAP
        width = self.right + readers * HEAD + EDGE
        self.figure = new_figure(width, self.tops["reads"] + max(readers * VECTOR, LINE) + EDGE)

        self.title = write_at(self.figure, NAMES, EDGE, "", fontsize=TEXT + 1, va="top")
        self.marks, self.answer, top = [], None, EDGE + LINE
        for name, values in sequences.items():
            axes = axes_at(self.figure, NAMES, top, width - NAMES - EDGE, _height(values))
            self._draw_sequence(axes, name, values)
            top += _height(values) + GAP
        self.images = self._draw_numbers()
        self.bars = {
            "write_weights": self._draw_heads(writers, NAMES, "write head", WRITE),
            "read_weights": self._draw_heads(readers, self.right, "read head", READ),
        }

    def _draw_sequence(self, axes, name, values):
        ends = min(0.0, values.min()), max(1.0, values.max())
        image = draw_over_time(axes, values, VALUES, *ends)
        axes.set_ylabel(name, fontsize=TEXT, color=INK, rotation=0, ha="right", va="center")
        if name == "output":
            self.answer = image
        # The frame around the step is moved, and reaches over the edge.
        mark = axes.axvspan(0.5, 1.5, fill=False, edgecolor=NOW, linewidth=2.2, clip_on=False)
        self.marks.append(mark)

    def _draw_numbers(self):
        """The memory between what is added and what is read, which are named beside."""
        most = max(np.abs(each).max() for each in self.numbers.values()) or 1.0
        images = {}
        for name, each in self.numbers.items():
            axes = axes_at(self.figure, self.left, self.tops[name], WIDE, self.tall[name])
            images[name] = draw_over_time(axes, each[0].T, SIGNED, -most, most, upwards=False)
        for name, text, left, side, shade in (
            ("add", "add vector", self.left - GAP, "right", WRITE),
            ("reads", "read vector", self.right, "left", READ),
        ):
            middle = self.tops[name] + self.tall[name] / 2
            text += "s" * (self.numbers[name].shape[1] > 1)
            self._write(left, middle, text, ha=side, va="center", color=shade)
        return images

    def _draw_heads(self, heads, left, name, shade):
        """For each head a bar at each location, which grows away from the memory."""
        found, rows, writes = [], np.arange(len(self.locations)), shade == WRITE
        for head in range(heads):
            axes = axes_at(
                self.figure, left, self.tops["memory"], HEAD - GAP / 2, self.tall["memory"]
            )
            found.append(axes.barh(rows, np.zeros(len(rows)), 0.9, color=shade))
            axes.set_xlim((1, 0) if writes else (0, 1))
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set(color="#bbbbbb", linewidth=0.6)
            if writes and head == 0:
                number_locations(axes, self.locations, points=TEXT)
                axes.tick_params(labelsize=SMALL, colors=INK)
            # The vectors are named on the other side.
            top = self.tops["reads"] if writes else self.tops["memory"] - GAP
            text = f"head {head + 1}" if heads > 1 else name
            self._write(
                left + HEAD / 2,
                top,
                text,
                ha="center",
                va="top" if writes else "baseline",
                color=shade,
            )
            left += HEAD
        return found

    def _write(self, left, top, text, **options):
        write_at(self.figure, left, top, text, fontsize=TEXT, fontweight="bold", **options)

    def frame(self, step):
        """The page at a step, from 0."""
        from PIL import Image

        self.title.set_text(f"step {step + 1} of {self.found.steps}")
        for mark in self.marks:
            mark.set_x(step + 0.5)
        if self.answer is not None:
            known = self.found.outputs.copy()
            known[step + 1 :] = np.nan
            self.answer.set_data(known.T)
        for name, image in self.images.items():
            image.set_data(self.numbers[name][step])
        for name, heads in self.bars.items():
            for head, bars in enumerate(heads):
                weights = getattr(self.found, name)[step, head, self.locations]
                for bar, weight in zip(bars, weights, strict=True):
                    bar.set_width(weight)
        self.figure.canvas.draw()
        return Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3])


def _height(values):
    return min(max(values.shape[1] * CHANNEL, CHANNELS[0]), CHANNELS[1])
