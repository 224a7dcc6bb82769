import numpy as np

from keras_attn.datasets.memory_task import MemoryTask, check_range, random_bits
from keras_attn.datasets.warping import check_count


class AssociativeRecallTask(MemoryTask):
    """Associative recall: a list of items, of which one is shown again and the next is asked for.

    An item is several vectors of bits. A sign, in a channel of its own, stands before each; another
    stands before and after the one that is shown again, which is any but the last. After it the
    inputs are 0, and the targets are the item that followed in the list.

    Args:
        items: the least and the most items of a list, 2 or more, or one number of them.
        item_length: vectors of an item.
        bits: of a vector.
        **kwargs: of `MemoryTask`.

    Raises:
        ValueError: for sizes that are no positive integers, less than two items, or a range from
            more to less.

    Example:

    >>> task = keras_attn.datasets.AssociativeRecallTask(items=2, pad_to_multiple_of=1)
    >>> inputs, targets, weights = task[0]
    >>> inputs.shape, targets.shape, int(weights[0].sum())
    ((16, 16, 8), (16, 16, 6), 3)
    >>> bool(np.all(targets[:, 13:] == inputs[:, 5:8, :6]))  # the second item
    True

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4.3, https://arxiv.org/abs/1410.5401
    """

    def __init__(self, items=(2, 6), item_length=3, bits=6, **kwargs):
        super().__init__(**kwargs)
        self.items = check_range(items, "items", 2)
        self.item_length = check_count(item_length, "item_length")
        self.bits = self.target_channels = check_count(bits, "bits")
        self.input_channels = self.bits + 2

    def draw(self, generator):
        count, length, bits = (
            self.draw_size(generator, self.items),
            self.item_length,
            self.bits,
        )
        items = random_bits(generator, self.batch_size, count, length, bits)
        asked = generator.integers(0, count - 1, self.batch_size)
        rows = np.arange(self.batch_size)
        listed = count * (length + 1)
        steps = listed + length + 2 + length
        inputs = np.zeros((self.batch_size, steps, self.input_channels))
        for item in range(count):
            first = item * (length + 1)
            inputs[:, first, bits] = 1.0
            inputs[:, first + 1 : first + 1 + length, :bits] = items[:, item]
        inputs[:, [listed, listed + length + 1], bits + 1] = 1.0
        inputs[:, listed + 1 : listed + 1 + length, :bits] = items[rows, asked]
        targets = np.zeros((self.batch_size, steps, bits))
        targets[:, -length:] = items[rows, asked + 1]
        return inputs, targets, np.arange(steps) >= steps - length
