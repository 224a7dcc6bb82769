"""What a search may not choose."""

import numpy as np
from keras import ops


def check_search(end, max_length, min_length, no_repeat, forbidden):
    """Refuses numbers out of their range."""
    if max_length < 1:
        raise ValueError(f"`max_length` must be at least 1. Received: max_length={max_length}")
    if not 0 <= min_length <= max_length:
        raise ValueError(
            "`min_length` must be between 0 and `max_length`. "
            f"Received: min_length={min_length}, max_length={max_length}"
        )
    if no_repeat < 0:
        raise ValueError(f"`no_repeat` must not be negative. Received: no_repeat={no_repeat}")
    if end in forbidden:
        raise ValueError(
            f"`forbidden` must not hold the end token. Received: end={end}, forbidden={forbidden}"
        )


def constrained(logs, tokens, count, end, min_length, no_repeat, forbidden, never):
    """Log-probabilities with those of tokens that may not come next at `never`.

    Args:
        logs: `(batch, beams, vocabulary)`.
        tokens: what the hypotheses are so far, `(batch, beams, max_length)`.
        count: how many of them there are.
        end, min_length, no_repeat, forbidden: see `beam_search`.
        never: a number.
    """
    vocabulary = logs.shape[-1]
    if forbidden:
        closed = np.isin(np.arange(vocabulary), list(forbidden))
        logs = ops.where(closed, never, logs)
    if min_length > 1:
        early = ops.logical_and(np.arange(vocabulary) == end, count < min_length - 1)
        logs = ops.where(early, never, logs)
    if no_repeat:
        logs = ops.where(_repeats(tokens, count, no_repeat, vocabulary), never, logs)
    return logs


def _repeats(tokens, count, size, vocabulary):
    """Which tokens would end a sequence of `size` tokens that has been there before."""
    length = tokens.shape[-1]
    starts = length - size + 1
    if starts < 1:
        return np.zeros((1, 1, vocabulary), "bool")
    # A window at each start is the same as the last tokens, but for its own last one.
    same = ops.arange(starts, dtype="int32") + size <= count
    same = ops.broadcast_to(same, (*ops.shape(tokens)[:2], starts))
    for offset in range(size - 1):
        place = ops.maximum(count - (size - 1) + offset, 0)
        latest = ops.take(tokens, place, axis=2)
        same = ops.logical_and(same, tokens[:, :, offset : offset + starts] == latest[..., None])
    followed = tokens[:, :, size - 1 :]
    # One start at a time: all at once would take a vocabulary for each.
    banned = ops.zeros((*ops.shape(tokens)[:2], vocabulary), "bool")
    words = ops.arange(vocabulary, dtype="int32")
    for start in range(starts):
        hit = ops.logical_and(words == followed[:, :, start, None], same[:, :, start, None])
        banned = ops.logical_or(banned, hit)
    return banned
