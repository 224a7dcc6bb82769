"""The base of all data sets whose batches differ in length."""

from keras_attn.datasets.batch_number import batch_number
from keras_attn.datasets.batches import Batches


class PaddedBatches(Batches):
    """Batches of sequences, each batch padded to a length of its own.

    Keras on TensorFlow reads the first two batches before `fit` begins, and a size that they have
    in common is fixed for all others. So where lengths may differ and those of the first two
    batches do not, the first one is padded by `pad_to_multiple_of` steps more. The only batch of a
    data set is padded to the same length in every epoch.

    A subclass sets `pad_to_multiple_of` and has the four methods below. Padding must mean nothing
    to models, losses and metrics.
    """

    def __getitem__(self, index):
        number = batch_number(index, len(self))
        content, lengths = self.draw_batch(number)
        lengths = self._rounded(lengths)
        if len(self) == 1:
            lengths = list(map(max, lengths, self._rounded(self.longest_lengths())))
        elif number == 0:
            others = self._rounded(self.draw_batch(1)[1])
            for axis, other in enumerate(others):
                if lengths[axis] == other and self.lengths_differ()[axis]:
                    lengths[axis] += self.pad_to_multiple_of
        return self.pad_batch(content, lengths)

    def _rounded(self, lengths):
        """Lengths, rounded up to multiples of `pad_to_multiple_of`."""
        multiple = self.pad_to_multiple_of
        return [-(-length // multiple) * multiple for length in lengths]

    def draw_batch(self, number):
        """Draws a batch that is not padded yet.

        Args:
            number: Integer in `[0, len(self))`.

        Returns:
            The batch, of any kind, and a list of its lengths, one for each axis that is padded.
        """
        raise NotImplementedError

    def pad_batch(self, content, lengths):
        """Pads a batch of `draw_batch` to lengths, and returns it as `fit` takes it."""
        raise NotImplementedError

    def lengths_differ(self):
        """Returns for each length of `draw_batch` whether it may differ between batches."""
        raise NotImplementedError

    def longest_lengths(self):
        """Returns for each length of `draw_batch` the most that it may be in any epoch."""
        raise NotImplementedError
