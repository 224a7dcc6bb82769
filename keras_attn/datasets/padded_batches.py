"""Base class of the data sets whose batches differ in length."""

from keras_attn.datasets.batches import Batches


class PaddedBatches(Batches):
    """Batches of sequences, each padded to a multiple of `pad_to_multiple_of`.

    On TensorFlow, Keras infers the static shape of a data set from its first two batches. If
    lengths vary but the first two batches have equal lengths, the first batch is therefore padded
    by another `pad_to_multiple_of` steps. A data set of a single batch is padded to the same length
    in every epoch.

    A subclass sets `pad_to_multiple_of` and implements the four methods below. Models, losses and
    metrics have to ignore the padding.
    """

    def make_batch(self, number):
        content, lengths = self.draw_batch(number)
        lengths = self._round_up(lengths)
        if len(self) == 1:
            lengths = list(map(max, lengths, self._round_up(self.longest_lengths())))
        elif number == 0:
            others = self._round_up(self.draw_batch(1)[1])
            for axis, other in enumerate(others):
                if lengths[axis] == other and self.lengths_differ()[axis]:
                    lengths[axis] += self.pad_to_multiple_of
        return self.pad_batch(content, lengths)

    def _round_up(self, lengths):
        """Rounds lengths up to multiples of `pad_to_multiple_of`."""
        multiple = self.pad_to_multiple_of
        return [-(-length // multiple) * multiple for length in lengths]

    def draw_batch(self, number):
        """Draws a batch before padding.

        Args:
            number: Integer in `[0, len(self))`, number of the batch.

        Returns:
            `(content, lengths)`: the batch in any form that `pad_batch` takes, and a list with the
            length of each axis to pad.
        """
        raise NotImplementedError

    def pad_batch(self, content, lengths):
        """Pads the content of `draw_batch` to the lengths, and returns a batch for `fit`."""
        raise NotImplementedError

    def lengths_differ(self):
        """Returns a list of booleans: `True` for a length that may differ between batches."""
        raise NotImplementedError

    def longest_lengths(self):
        """Returns a list with the maximum of each length of `draw_batch` over all epochs."""
        raise NotImplementedError
