import numpy as np

from keras_attn.datasets.memory_task import MemoryTask, random_bits
from keras_attn.datasets.warping import check_count


class PrioritySortTask(MemoryTask):
    """Priority sort: vectors of bits with a priority each, asked for from the highest one down.

    `bits` channels are shown with the priority, an even draw from [-1, 1], in one more; then the
    last channel has the sign that the sequence is at its end. After it the inputs are 0, and the
    targets are the vectors of the highest priorities, sorted.

    Args:
        count: vectors that are shown.
        top: vectors that are asked for.
        bits: of a vector.
        **kwargs: of `MemoryTask`.

    Raises:
        ValueError: for sizes that are no positive integers, or more asked for than shown.

    Example:

    >>> task = keras_attn.datasets.PrioritySortTask(count=3, top=2, pad_to_multiple_of=1)
    >>> inputs, targets, weights = task[0]
    >>> inputs.shape, targets.shape, weights[0].tolist()
    ((16, 6, 10), (16, 6, 8), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
    >>> first = inputs[0, :3, 8].argmax()
    >>> bool(np.all(targets[0, 4] == inputs[0, first, :8]))
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4.5, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, count=20, top=16, bits=8, **kwargs):
        super().__init__(**kwargs)
        self.count = check_count(count, "count")
        self.top = check_count(top, "top")
        if self.top > self.count:
            raise ValueError(f"`top` must be at most `count`. Received: top={top}, count={count}")
        self.bits = self.target_channels = check_count(bits, "bits")
        self.input_channels = self.bits + 2

    def draw(self, generator):
        shown = random_bits(generator, self.batch_size, self.count, self.bits)
        priorities = generator.uniform(-1.0, 1.0, (self.batch_size, self.count))
        steps = self.count + 1 + self.top
        inputs = np.zeros((self.batch_size, steps, self.input_channels))
        inputs[:, : self.count, : self.bits] = shown
        inputs[:, : self.count, self.bits] = priorities
        inputs[:, self.count, self.bits + 1] = 1.0
        order = np.argsort(-priorities, axis=1)[:, : self.top]
        targets = np.zeros((self.batch_size, steps, self.bits))
        targets[:, -self.top :] = np.take_along_axis(shown, order[..., None], axis=1)
        return inputs, targets, np.arange(steps) > self.count
