from typing import Any, NamedTuple


class Hypotheses(NamedTuple):
    """Hypotheses of a search in descending order of their scores.

    Args:
        tokens: integers `(batch, hypotheses, max_length)`, the end token included, padded after it.
        lengths: integers `(batch, hypotheses)`, with the end token; 0 where there is no hypothesis.
        scores: float32 `(batch, hypotheses)`; `-inf` where there is no hypothesis.
        alignments: attention weights of every step, `(batch, hypotheses, max_length, *values)`,
            zero after the end and where there is no hypothesis; None where the step function gives
            none.

    Example:

    >>> def step(tokens, state, constants):  # counts: 1, 2, 3
    ...     return keras.ops.one_hot(tokens + 1, 5), state
    >>> found = keras_attn.decoding.greedy_search(step, np.zeros((1, 1)), 0, 3, 6)
    >>> length = int(found.lengths[0, 0])
    >>> keras.ops.convert_to_numpy(found.tokens[0, 0, :length]).tolist()
    [1, 2, 3]
    """

    tokens: Any
    lengths: Any
    scores: Any
    alignments: Any = None
