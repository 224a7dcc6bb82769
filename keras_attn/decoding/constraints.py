"""Constraints on the tokens of a search."""

from dataclasses import dataclass

import numpy as np
from keras import ops


def check_integer(name, value):
    """Raises `ValueError` for anything but an integer."""
    if not hasattr(value, "__index__"):
        raise ValueError(f"`{name}` must be an integer. Received: {name}={value!r}")


@dataclass(frozen=True)
class Constraints:
    """Bounds of the length, and suppressed tokens. Arguments: see `beam_search`."""

    end_id: int
    max_length: int
    min_length: int
    no_repeat_ngram_size: int
    suppress_tokens: tuple[int, ...]

    def __post_init__(self):
        for name in ("max_length", "min_length", "no_repeat_ngram_size"):
            check_integer(name, getattr(self, name))
        tokens = self.suppress_tokens
        is_list = hasattr(tokens, "__iter__") and getattr(tokens, "ndim", 1)
        if not is_list or not all(hasattr(each, "__index__") for each in tokens):
            raise ValueError(
                "`suppress_tokens` must be a tuple of integers. "
                f"Received: suppress_tokens={tokens!r}"
            )
        object.__setattr__(self, "suppress_tokens", tuple(tokens))
        if self.max_length < 1:
            raise ValueError(
                f"`max_length` must be at least 1. Received: max_length={self.max_length}"
            )
        if not 0 <= self.min_length <= self.max_length:
            raise ValueError(
                "`min_length` must be between 0 and `max_length`. "
                f"Received: min_length={self.min_length}, max_length={self.max_length}"
            )
        if self.no_repeat_ngram_size < 0:
            raise ValueError(
                "`no_repeat_ngram_size` must not be negative. "
                f"Received: no_repeat_ngram_size={self.no_repeat_ngram_size}"
            )
        if self.end_id in self.suppress_tokens:
            raise ValueError(
                "`suppress_tokens` must not hold the end token. "
                f"Received: end_id={self.end_id}, suppress_tokens={self.suppress_tokens}"
            )

    def check_vocabulary(self, start_id, size):
        """Refuses tokens that there are not.

        Args:
            start_id: the token that begins a sequence.
            size: of the vocabulary.

        Raises:
            ValueError: for a start, an end or what is forbidden outside of the vocabulary.
        """
        for name, token in (("start_id", start_id), ("end_id", self.end_id)):
            if not _inside(token, size):
                raise ValueError(
                    f"`{name}` must be in the vocabulary of {size}. Received: {name}={token}"
                )
        if not all(_inside(token, size) for token in self.suppress_tokens):
            raise ValueError(
                f"`suppress_tokens` must hold tokens of the vocabulary of {size}. "
                f"Received: suppress_tokens={self.suppress_tokens}"
            )

    def applied(self, logs, tokens, count, never):
        """Log-probabilities with those of tokens that may not come next at `never`.

        Args:
            logs: `(batch, num_beams, vocabulary)`.
            tokens: what the hypotheses are so far, `(batch, num_beams, max_length)`.
            count: how many of them there are.
            never: a number.
        """
        vocabulary = logs.shape[-1]
        words = np.arange(vocabulary)
        if self.suppress_tokens:
            logs = ops.where(np.isin(words, self.suppress_tokens), never, logs)
        if self.min_length > 1:
            early = ops.logical_and(words == self.end_id, count < self.min_length - 1)
            logs = ops.where(early, never, logs)
        if self.no_repeat_ngram_size:
            logs = ops.where(
                _repeats(tokens, count, self.no_repeat_ngram_size, vocabulary), never, logs
            )
        return logs


def _inside(token, size):
    return hasattr(token, "__index__") and 0 <= token < size


def _repeats(tokens, count, size, vocabulary):
    """Mask of the tokens that would repeat an n-gram of `size` tokens."""
    length = tokens.shape[-1]
    starts = length - size + 1
    if starts < 1:
        return np.zeros((1, 1, vocabulary), "bool")
    # True for a window whose tokens, but for its last one, equal the latest tokens.
    same = ops.arange(starts, dtype="int32") + size <= count
    same = ops.broadcast_to(same, (*ops.shape(tokens)[:2], starts))
    for offset in range(size - 1):
        place = ops.maximum(count - (size - 1) + offset, 0)
        latest = ops.take(tokens, place, axis=2)
        same = ops.logical_and(same, tokens[:, :, offset : offset + starts] == latest[..., None])
    # Mark the last token of each matching window; other windows mark an extra column: dropped.
    words = tokens[:, :, size - 1 :]
    # The padding of a sequence that has ended may be outside of the vocabulary.
    inside = ops.logical_and(words >= 0, words < vocabulary)
    words = ops.where(ops.logical_and(same, inside), words, vocabulary)
    words = ops.cast(ops.reshape(words, (-1, starts)), "int32")
    hypotheses = ops.shape(words)[0]
    rows = ops.broadcast_to(ops.arange(hypotheses, dtype="int32")[:, None], ops.shape(words))
    places = ops.reshape(ops.stack([rows, words], axis=-1), (-1, 2))
    marks = ops.zeros((hypotheses, vocabulary + 1), "int32")
    marks = ops.scatter_update(marks, places, ops.ones_like(places[:, 0]))
    return ops.reshape(marks[:, :vocabulary] > 0, (*ops.shape(tokens)[:2], vocabulary))
