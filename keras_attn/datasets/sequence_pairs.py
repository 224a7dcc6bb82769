import numpy as np

from keras_attn.datasets.padded_batches import PaddedBatches
from keras_attn.datasets.text_tokenizer import END, PADDING, START
from keras_attn.datasets.warping import check_count
from keras_attn.layers.arguments import check_list


class SequencePairs(PaddedBatches):
    """Pairs of sequences in batches of like length, for teacher forcing.

    A batch is `({"source": (batch, source_steps), "target": (batch, target_steps)}, labels)`, all
    int32: the source ends with the end token, the target begins with the start token, and the
    labels are the target one step ahead, `(batch, target_steps)`, ending with the end token. What
    is shorter is padded with 0.

    Lengths are rounded up to a multiple of `pad_to_multiple_of`, and a last batch that is not full
    is filled with empty pairs, so that there are few different shapes to compile for. The labels
    of these are padding alone, which losses and metrics leave out that ignore class 0. Pairs of
    like length are batched together; which, and in which order, is drawn anew for every epoch.

    Args:
        sources, targets: lists of lists of positive integers, without start and end, as
            `TextTokenizer.encode` gives them.
        batch_size: pairs in a batch.
        max_length: pairs with a side longer than this, the end token included, are left out.
        pad_to_multiple_of: lengths are rounded up to a multiple of it.
        shuffle: whether the batches are drawn anew for every epoch.
        seed: non-negative integer, of the shuffling.
        **kwargs: of `keras.utils.PyDataset`.

    Raises:
        ValueError: for lists of different lengths, no pair, or an integer that is not positive.

    Example:

    >>> pairs = keras_attn.datasets.SequencePairs(
    ...     [[4, 5], [6]], [[7], [8, 9, 4]], batch_size=2, pad_to_multiple_of=4
    ... )
    >>> inputs, labels = pairs[0]
    >>> sorted(labels.tolist()), inputs["source"].shape
    ([[7, 2, 0, 0], [8, 9, 4, 2]], (2, 4))
    """

    def __init__(
        self,
        sources,
        targets,
        batch_size=64,
        max_length=None,
        pad_to_multiple_of=8,
        shuffle=True,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_integers("sources", sources)
        check_integers("targets", targets)
        if len(sources) != len(targets):
            raise ValueError(
                "`sources` and `targets` must be equally many. "
                f"Received: {len(sources)} and {len(targets)}"
            )
        self.batch_size = check_count(batch_size, "batch_size")
        self.pad_to_multiple_of = check_count(pad_to_multiple_of, "pad_to_multiple_of")
        longest = float("inf") if max_length is None else check_count(max_length, "max_length")
        pairs = [
            (list(source), list(target))
            for source, target in zip(sources, targets, strict=True)
            if max(len(source), len(target)) < longest
        ]
        if not pairs:
            raise ValueError(
                f"`sources` must hold a pair within `max_length`. Received: {len(sources)} pairs, "
                f"max_length={max_length}"
            )
        if min(min([*source, *target, 1]) for source, target in pairs) <= PADDING:
            raise ValueError(
                "`sources` and `targets` must hold positive integers. Received: others"
            )
        self.sources = [np.array([*source, END], "int32") for source, _ in pairs]
        self.targets = [np.array([START, *target, END], "int32") for _, target in pairs]
        self.shuffle = shuffle
        self.seed = check_count(seed, "seed", 0)
        self.epoch = 0
        self._draw()

    def __len__(self):
        return len(self._batches)

    def draw_batch(self, number):
        rows = self._batches[number]
        return rows, [
            max(len(self.sources[row]) for row in rows),
            max(len(self.targets[row]) - 1 for row in rows),
        ]

    def pad_batch(self, content, lengths):
        # A source without a word is one that recurrent kernels on GPUs refuse.
        empty = [np.array([END], "int32")] * (self.batch_size - len(content))
        source_steps, target_steps = lengths
        source = padded(
            [self.sources[row] for row in content] + empty, self.batch_size, 1, source_steps
        )
        target, labels = (
            padded([self.targets[row][part] for row in content], self.batch_size, 1, target_steps)
            for part in (slice(None, -1), slice(1, None))
        )
        return {"source": source, "target": target}, labels

    def lengths_differ(self):
        return [len(set(self._round_up(each))) > 1 for each in self._lengths()]

    def longest_lengths(self):
        return list(map(max, self._lengths()))

    def _lengths(self):
        """Returns the lengths of all sources, and the lengths of all targets."""
        return [len(each) for each in self.sources], [len(each) - 1 for each in self.targets]

    def on_epoch_end(self):
        self.epoch += 1
        if self.shuffle:
            self._draw()

    @property
    def num_pairs(self):
        """Number of pairs."""
        return len(self.sources)

    def _draw(self):
        """The rows of each batch of this epoch."""
        generator = np.random.default_rng([self.seed, self.epoch])
        # By padded lengths first, so that those of one shape are mixed.
        lengths = [
            [-(-(len(each) - more) // self.pad_to_multiple_of) for each in side]
            for side, more in ((self.sources, 0), (self.targets, 1))
        ]
        order = np.lexsort([generator.random(len(self.sources)), *lengths])
        batches = [
            order[first : first + self.batch_size]
            for first in range(0, len(order), self.batch_size)
        ]
        if self.shuffle:
            batches = [batches[place] for place in generator.permutation(len(batches))]
        self._batches = batches


def check_integers(name, sequences):
    """Raises ValueError, with the argument's name, for rows that are no lists of integers."""
    check_list(name, sequences, "lists of integers")
    for row in sequences:
        check_list(name, row, "lists of integers")
        array = np.asarray(row)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise ValueError(f"`{name}` must be lists of integers. Received: {row!r} among them")


def padded(sequences, rows, pad_to_multiple_of, length=0):
    """Sequences as one array, int32, with padding after each and rows of padding after the last.

    Args:
        sequences: lists or arrays of integers, at most `rows`.
        rows: of the array.
        pad_to_multiple_of: the length of the rows is rounded up to a multiple of it.
        length: the least that the rows must hold.
    """
    length = max([length, 1, *map(len, sequences)])
    array = np.full((rows, -(-length // pad_to_multiple_of) * pad_to_multiple_of), PADDING, "int32")
    for row, sequence in zip(array, sequences, strict=False):
        row[: len(sequence)] = sequence
    return array
