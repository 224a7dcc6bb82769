import math

import numpy as np

from keras_attn.datasets.padded_batches import PaddedBatches
from keras_attn.datasets.warping import check_count

# Number of batches that are drawn to find out whether lengths differ without `draw_size`.
NUM_COMPARED = 50


class MemoryTask(PaddedBatches):
    """Sequences that are shown and then asked for: a base for tasks that need a memory.

    A batch is `(inputs, targets, weights)`, all float32 and made when it is asked for: inputs
    `(batch, steps, input_channels)`, targets `(batch, steps, target_channels)` of zeros and ones,
    and weights `(batch, steps)`, 1 where an answer is due and 0 elsewhere. `fit` takes them as they
    are; metrics have to be given as `weighted_metrics`. All sequences of a batch are equally long;
    how long is drawn for each batch, and steps of zeros follow so that there are few different
    shapes to compile for.

    The same seed gives the same batches. Every epoch has new ones.

    A subclass sets `input_channels` and `target_channels` and has a method `draw(generator)`, which
    gives inputs and targets without padding, and weights `(steps,)`. Sizes that
    vary between batches are drawn by `draw_size`.

    Args:
        batch_size: sequences in a batch.
        steps_per_epoch: batches in an epoch.
        pad_to_multiple_of: lengths are rounded up to a multiple of it.
        fixed: whether all epochs have the same batches, as for validation.
        seed: non-negative integer.
        curriculum_epochs: Non-negative integer, number of epochs in which the upper bound of each
            size of `draw_size` grows from little more than the minimum to the given maximum, so
            that a hard task is learned step by step.
        **kwargs: of `keras.utils.PyDataset`.

    Raises:
        ValueError: for sizes that are no positive integers, a negative seed, or batches that are
            fixed and grow.

    Example:

    >>> class Parity(keras_attn.datasets.MemoryTask):
    ...     input_channels = target_channels = 1
    ...
    ...     def draw(self, generator):
    ...         bits = generator.integers(0, 2, (self.batch_size, 6, 1))
    ...         return bits, np.cumsum(bits, axis=1) % 2, np.arange(6) == 5
    >>> [each.shape for each in Parity(batch_size=2, steps_per_epoch=10)[0]]
    [(2, 8, 1), (2, 8, 1), (2, 8)]
    """

    def __init__(
        self,
        batch_size=16,
        steps_per_epoch=1000,
        pad_to_multiple_of=8,
        fixed=False,
        seed=0,
        curriculum_epochs=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.batch_size = check_count(batch_size, "batch_size")
        self.steps_per_epoch = check_count(steps_per_epoch, "steps_per_epoch")
        self.pad_to_multiple_of = check_count(pad_to_multiple_of, "pad_to_multiple_of")
        self.fixed = fixed
        self.curriculum_epochs = check_count(curriculum_epochs, "curriculum_epochs", 0)
        if fixed and curriculum_epochs:
            raise ValueError(
                "`curriculum_epochs` must be 0 for fixed batches. "
                f"Received: curriculum_epochs={curriculum_epochs}"
            )
        self.seed = check_count(seed, "seed", 0)
        self.epoch = 0
        self.curriculum_epoch = 0
        self._num_taken, self._has_begun = 0, False
        self._size_differs, self._lengths = False, None

    def __len__(self):
        return self.steps_per_epoch

    def __getitem__(self, index):
        self._num_taken += 1
        return super().__getitem__(index)

    def draw_batch(self, number):
        arrays = self.draw(np.random.default_rng([self.seed, self.epoch, number]))
        return arrays, [len(arrays[-1])]

    def pad_batch(self, content, lengths):
        inputs, targets, weights = content
        more = lengths[0] - len(weights)
        weights = np.broadcast_to(weights, (self.batch_size, len(weights)))
        return tuple(
            np.pad(each, ((0, 0), (0, more), (0, 0))[: each.ndim]).astype("float32")
            for each in (inputs, targets, weights)
        )

    def lengths_differ(self):
        # A subclass may draw lengths without `draw_size`: compare the lengths of some batches.
        return [self._size_differs or len(self._drawn_lengths()) > 1]

    def longest_lengths(self):
        if self.fixed:
            return self.draw_batch(0)[1]
        longest = self.draw(_MaximumGenerator(np.random.PCG64(self.seed)))
        return [max(len(longest[-1]), *self._drawn_lengths())]

    def _drawn_lengths(self):
        """Returns the set of the padded lengths of `NUM_COMPARED` batches, drawn once."""
        if self._lengths is None:
            lengths = [self.draw_batch(number)[1][0] for number in range(NUM_COMPARED)]
            self._lengths = set(self._round_up(lengths))
        return self._lengths

    def on_epoch_begin(self):
        self._num_taken, self._has_begun = 0, True

    def on_epoch_end(self):
        # Keras also calls this before the first epoch, after at most two batches.
        if self._num_taken >= (min if self._has_begun else max)(len(self), 3):
            self.curriculum_epoch += 1
        self._num_taken, self._has_begun = 0, False
        if not self.fixed:
            self.epoch += 1

    def draw(self, generator):
        """A batch without the steps that fill it up.

        Args:
            generator: a `numpy.random.Generator`, of which all is drawn.

        Returns:
            Inputs `(batch, steps, input_channels)`, targets `(batch, steps, target_channels)` and
            weights `(steps,)`.
        """
        raise NotImplementedError

    def draw_size(self, generator, sizes):
        """An integer from the least to the most of `sizes`, as far as these have grown."""
        least, most = sizes
        self._size_differs |= bool(least < most)
        if isinstance(generator, _MaximumGenerator):
            return most
        if self.curriculum_epoch < self.curriculum_epochs:
            grown = (most - least) * (self.curriculum_epoch + 1) / (self.curriculum_epochs + 1)
            most = least + math.ceil(grown)
        return generator.integers(least, most, endpoint=True)


class _MaximumGenerator(np.random.Generator):
    """Random generator for which `draw_size` returns the maximum."""


def random_bits(generator, *shape):
    """Zeros and ones as float32, each as likely as the other."""
    return generator.integers(0, 2, shape).astype("float32")


def check_range(value, name, minimum=1):
    """The least and the most of something, as a pair of integers.

    Args:
        value: a pair of integers, or one for both.
        name: of the argument, for what is said of a wrong one.
        minimum: of the least.

    Raises:
        ValueError: for what is neither, a range from more to less, or less than `minimum`.
    """
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    integers = all(isinstance(each, (int, np.integer)) for each in pair)
    if len(pair) != 2 or not integers or pair[0] > pair[1]:
        raise ValueError(
            f"`{name}` must be an integer, or the least and the most. Received: {name}={value!r}"
        )
    return tuple(check_count(each, name, minimum) for each in pair)
