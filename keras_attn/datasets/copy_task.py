import numpy as np

from keras_attn.datasets.memory_task import MemoryTask, check_range, random_bits
from keras_attn.datasets.warping import check_count


class CopyTask(MemoryTask):
    """Copy: random vectors of bits, which are asked for again in the same order.

    `bits` channels are shown, and one more has the sign that the sequence is at its end. After it
    the inputs are 0, and the targets are what was shown.

    Args:
        lengths: the least and the most vectors of a sequence, or one number of them.
        bits: of a vector.
        **kwargs: of `MemoryTask`.

    Raises:
        ValueError: for sizes that are no positive integers, or lengths from more to less.

    Example:

    >>> inputs, targets, weights = keras_attn.datasets.CopyTask(lengths=5, pad_to_multiple_of=1)[0]
    >>> inputs.shape, targets.shape, weights[0].tolist()
    ((16, 11, 9), (16, 11, 8), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4.1, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, lengths=(1, 20), bits=8, **kwargs):
        super().__init__(**kwargs)
        self.lengths = check_range(lengths, "lengths")
        self.bits = self.target_channels = check_count(bits, "bits")
        self.input_channels = self.bits + 1

    def draw(self, generator):
        length = self.draw_size(generator, self.lengths)
        shown = random_bits(generator, self.batch_size, length, self.bits)
        inputs = np.zeros((self.batch_size, 2 * length + 1, self.input_channels))
        targets = np.zeros((self.batch_size, 2 * length + 1, self.target_channels))
        inputs[:, :length, : self.bits] = shown
        inputs[:, length, self.bits] = 1.0
        targets[:, length + 1 :] = shown
        return inputs, targets, np.arange(2 * length + 1) > length
