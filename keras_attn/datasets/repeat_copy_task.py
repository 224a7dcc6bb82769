import math

import numpy as np

from keras_attn.datasets.memory_task import MemoryTask, check_range, random_bits
from keras_attn.datasets.warping import check_count


class RepeatCopyTask(MemoryTask):
    """Repeat copy: random vectors of bits, which are asked for several times over, and then an end.

    `bits` channels are shown; at the end of the sequence one more has the sign that it is, and the
    last one how many times it is asked for. After that the inputs are 0. The targets are all the
    copies, and after them a sign in a channel of its own that there are no more.

    Convention: the number of times is scaled to a mean of 0 and a variance of 1 over those of
    `scale`, as in the paper, whose mean could not be told from nothing without the sign.

    Args:
        lengths: the least and the most vectors of a sequence, or one number of them.
        repeats: the least and the most times, or one number of them.
        bits: of a vector.
        scale: the least and the most times that the scaling goes by. To be kept as it was in
            training where a machine is asked for more than it has been trained on.
        **kwargs: of `MemoryTask`.

    Raises:
        ValueError: for sizes that are no positive integers, or a range from more to less.

    Example:

    >>> task = keras_attn.datasets.RepeatCopyTask(lengths=3, repeats=2, pad_to_multiple_of=1)
    >>> inputs, targets, weights = task[0]
    >>> inputs.shape, targets.shape, int(weights[0].sum())
    ((16, 11, 10), (16, 11, 9), 7)

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4.2, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, lengths=(1, 10), repeats=(1, 10), bits=8, scale=(1, 10), **kwargs):
        super().__init__(**kwargs)
        self.lengths = check_range(lengths, "lengths")
        self.repeats = check_range(repeats, "repeats")
        self.scale = check_range(scale, "scale")
        self.bits = check_count(bits, "bits")
        self.input_channels, self.target_channels = self.bits + 2, self.bits + 1

    def draw(self, generator):
        length = self.draw_size(generator, self.lengths)
        repeats = self.draw_size(generator, self.repeats)
        shown = random_bits(generator, self.batch_size, length, self.bits)
        steps = length + 1 + length * repeats + 1
        inputs = np.zeros((self.batch_size, steps, self.input_channels))
        targets = np.zeros((self.batch_size, steps, self.target_channels))
        inputs[:, :length, : self.bits] = shown
        inputs[:, length, self.bits] = 1.0
        inputs[:, length, self.bits + 1] = self.scaled(repeats)
        targets[:, length + 1 : -1, : self.bits] = np.tile(shown, (1, repeats, 1))
        targets[:, -1, self.bits] = 1.0
        return inputs, targets, np.arange(steps) > length

    def scaled(self, repeats):
        """Scales a number of repetitions to an input."""
        least, most = self.scale
        deviation = math.sqrt(((most - least + 1) ** 2 - 1) / 12)
        return (repeats - (least + most) / 2) / (deviation or 1.0)
