import numpy as np

from keras_attn.datasets.memory_task import MemoryTask, random_bits
from keras_attn.datasets.warping import check_count


class DynamicNGramsTask(MemoryTask):
    """Dynamic N-grams: bits whose odds depend on those before, by a table that is never shown.

    For each of the `2^(order - 1)` contexts of `order - 1` bits a sequence has its own probability
    that a 1 follows, drawn from Beta(1/2, 1/2). Bits come one at a time, and the next is asked for.
    The first `order - 1` bits, which have no context, are even draws and are not asked for.

    `optimal` gives what the best of all estimators says, with which a model can be compared.

    Args:
        length: bits of a sequence.
        order: bits of a context and the one after, 6 in the paper.
        **kwargs: of `MemoryTask`.

    Raises:
        ValueError: for sizes that are no positive integers, or sequences without any context.

    Example:

    >>> task = keras_attn.datasets.DynamicNGramsTask(length=50)
    >>> inputs, targets, weights = task[0]
    >>> inputs.shape, targets.shape, int(weights[0].sum())
    ((16, 56, 1), (16, 56, 1), 45)
    >>> task.optimal(inputs).shape
    (16, 56, 1)

    Reference:
        Graves et al., "Neural Turing Machines", 2014, section 4.4, https://arxiv.org/abs/1410.5401
    """

    input_channels = target_channels = 1

    def __init__(self, length=200, order=6, **kwargs):
        super().__init__(**kwargs)
        self.length = check_count(length, "length")
        self.order = check_count(order, "order")
        if self.length < self.order:
            raise ValueError(
                "`length` must leave room for a context and a bit after it. Received: "
                f"length={length}, order={order}"
            )

    def draw(self, generator):
        seen = self.order - 1
        odds = generator.beta(0.5, 0.5, (self.batch_size, 2**seen))
        bits = random_bits(generator, self.batch_size, self.length)
        draws, rows = generator.random((self.batch_size, self.length)), np.arange(self.batch_size)
        for step in range(seen, self.length):
            context = self._context(bits, step)
            bits[:, step] = draws[:, step] < odds[rows, context]
        # The sign before the first bit, 0, makes as many inputs as there are bits.
        inputs = np.pad(bits[:, :-1], ((0, 0), (1, 0)))
        return inputs[..., None], bits[..., None], np.arange(self.length) >= seen

    def optimal(self, inputs):
        """The best guess that can be made, `P(1) = (N_1 + 1/2) / (N_1 + N_0 + 1)`.

        `N_1` and `N_0` count what has followed the same context so far in the sequence.

        Args:
            inputs: as a batch has them, `(batch, steps, 1)`.

        Returns:
            Probabilities of a 1, `(batch, steps, 1)`; 1/2 where there is no context.
        """
        # Steps that only fill up are steps too: nothing before them depends on what they hold.
        bits = np.asarray(inputs)[..., 0][:, 1:]
        seen, rows = self.order - 1, np.arange(len(bits))
        counts = np.zeros((len(bits), 2**seen, 2))
        guesses = np.full((len(bits), bits.shape[1] + 1), 0.5, "float32")
        for step in range(seen, bits.shape[1] + 1):
            context = self._context(bits, step)
            ones, both = counts[rows, context, 1], counts[rows, context].sum(axis=-1)
            guesses[:, step] = (ones + 0.5) / (both + 1.0)
            if step < bits.shape[1]:
                counts[rows, context, bits[:, step].astype(int)] += 1.0
        return guesses[..., None]

    def _context(self, bits, step):
        """The bits before a step as a number, `(batch,)`."""
        before = bits[:, step - self.order + 1 : step].astype(int)
        return before @ (2 ** np.arange(self.order - 1))
