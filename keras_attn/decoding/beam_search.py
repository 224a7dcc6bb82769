"""Beam search over any step function.

Glossary of shapes:
    batch
    beams:      hypotheses that are kept for each example
    rows:       `batch * beams`, an example's beams one after the other
    vocabulary: of the logits
    values:     positions of the memory that is attended to
"""

import keras
from keras import ops

from keras_attn.decoding.constraints import check_search, constrained
from keras_attn.decoding.hypotheses import Hypotheses

# Of a hypothesis that there is not; finite, so that no arithmetic makes it NaN.
NEVER = -1e30


def beam_search(
    step,
    state,
    start,
    end,
    max_length,
    beams=5,
    constants=None,
    hypotheses=1,
    length_penalty=0.0,
    coverage_penalty=0.0,
    memory_mask=None,
    min_length=0,
    no_repeat=0,
    forbidden=(),
    padding=0,
):
    """The likeliest sequences that a beam of hypotheses finds.

    `s(Y, X) = log P(Y given X) / lp(Y) + cp(X; Y)`, `lp(Y) = ((5 + len Y) / 6)^α`,
    `cp(X; Y) = β Σ_j log min(Σ_i α_ij, 1)`

    | here | in the paper |
    | --- | --- |
    | `length_penalty` | `α`; 0 is plain likelihood, 0.6 to 1 favour longer sequences |
    | `coverage_penalty` | `β` |
    | weights that `step` gives | `p_ij`, here `α_ij` |

    The search of an example ends when no hypothesis that is still open can come to a better score
    than the worst of those that have ended, or at `max_length`. That is exact: a longer search
    finds nothing else. Hypotheses that are cut off at `max_length` come after those that ended.

    Args:
        step: `step(tokens, state, constants) -> (logits, state)` or `(logits, state, weights)`:
            tokens `(rows,)`, logits `(rows, vocabulary)`, weights `(rows, values)`; inside of
            `model.predict` it is compiled with the model.
        state: before the first step, a tensor or a nested structure of tensors whose first axis is
            the batch. It follows its hypotheses.
        start, end: tokens that begin and end a sequence.
        max_length: tokens of the longest sequence, the end token included.
        beams: hypotheses that are kept. It may exceed the vocabulary.
        constants: like `state`, what is the same at all steps: the memory, its keys and masks.
        hypotheses: how many are returned, at most `beams`.
        length_penalty, coverage_penalty: not negative, see above. A position that was never looked
            at counts as one of coverage 1e-10.
        memory_mask: boolean `(batch, values)`, False where nothing needs to be covered.
        min_length: tokens of the shortest sequence, the end token included.
        no_repeat: no sequence of so many tokens occurs twice in a hypothesis; 0 for no limit.
        forbidden: tokens that are never chosen, those of padding and of the start, say.
        padding: what stands after the end.

    Returns:
        `Hypotheses`.

    Raises:
        ValueError: for numbers out of their range, an end token that is forbidden or not in the
            vocabulary, and a coverage penalty for a step function without weights.

    Example:

    >>> def step(tokens, state, constants):  # always 0.6 for token 1 and 0.4 for the end, 2
    ...     probability = np.array([[1e-9, 0.6, 0.4]], "float32")
    ...     return keras.ops.tile(keras.ops.log(probability), (len(tokens), 1)), state
    >>> found = keras_attn.decoding.beam_search(
    ...     step, np.zeros((1, 1)), start=0, end=2, max_length=4, hypotheses=2
    ... )
    >>> keras.ops.convert_to_numpy(found.tokens).tolist()
    [[[2, 0, 0, 0], [1, 2, 0, 0]]]

    Reference:
        Wu et al., "Google's Neural Machine Translation System", 2016, section 7,
        https://arxiv.org/abs/1609.08144
    """
    check_search(end, max_length, min_length, no_repeat, forbidden)
    for name, value, least in (
        ("beams", beams, 1),
        ("hypotheses", hypotheses, 1),
        ("length_penalty", length_penalty, 0),
        ("coverage_penalty", coverage_penalty, 0),
    ):
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}. Received: {name}={value}")
    if hypotheses > beams:
        raise ValueError(
            "`hypotheses` must not exceed `beams`. "
            f"Received: hypotheses={hypotheses}, beams={beams}"
        )

    structure = state
    leaves = [ops.convert_to_tensor(leaf) for leaf in keras.tree.flatten(state)]
    batch = ops.shape(leaves[0])[0]
    leaves = [ops.repeat(leaf, beams, axis=0) for leaf in leaves]
    if constants is not None:
        constants = keras.tree.map_structure(
            lambda leaf: ops.repeat(ops.convert_to_tensor(leaf), beams, axis=0), constants
        )
    if memory_mask is not None:
        memory_mask = ops.convert_to_tensor(memory_mask)[:, None]

    def advance(tokens, leaves):
        """Log-probabilities `(batch, beams, vocabulary)`, the state, and the weights or nothing."""
        packed = keras.tree.pack_sequence_as(structure, leaves)
        logits, packed, *weights = step(tokens, packed, constants)
        logits = ops.cast(logits, "float32")
        if not 0 <= end < logits.shape[-1]:
            raise ValueError(
                f"`end` must be in the vocabulary of {logits.shape[-1]}. Received: end={end}"
            )
        if coverage_penalty and not weights:
            raise ValueError(
                "`coverage_penalty` needs a step function that returns attention weights. "
                f"Received: coverage_penalty={coverage_penalty}"
            )
        found = ops.reshape(ops.log_softmax(logits), (batch, beams, logits.shape[-1]))
        weights = [ops.reshape(w, (batch, beams, ops.shape(w)[-1])) for w in weights]
        return found, keras.tree.flatten(packed), [ops.cast(w, "float32") for w in weights]

    def score(likelihood, length, alignments):
        penalty = ops.power((5.0 + ops.cast(length, "float32")) / 6.0, length_penalty)
        total = likelihood / penalty
        if coverage_penalty:
            covered = ops.clip(ops.sum(alignments[0], axis=-2), 1e-10, 1.0)
            logarithm = ops.log(covered)
            if memory_mask is not None:
                logarithm = ops.where(memory_mask, logarithm, 0.0)
            total = total + coverage_penalty * ops.sum(logarithm, axis=-1)
        return ops.where(likelihood > NEVER / 2, total, NEVER)

    def goes_on(count, tokens, likelihood, ended, *_):
        # The best that an open hypothesis can still become.
        bound = likelihood[:, 0] / ((5.0 + max_length) / 6.0) ** length_penalty
        open_ones = ops.logical_and(bound > ended[:, -1], likelihood[:, 0] > NEVER / 2)
        return ops.logical_and(count < max_length, ops.any(open_ones))

    def body(count, tokens, likelihood, ended, ended_tokens, ended_lengths, *rest):
        leaves, rest = list(rest[: len(leaves_start)]), list(rest[len(leaves_start) :])
        alignments, ended_alignments = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        before = ops.take(tokens, ops.maximum(count - 1, 0), axis=2)
        last = ops.where(count == 0, ops.full_like(before, start), before)
        logs, leaves, weights = advance(ops.reshape(last, (-1,)), leaves)
        vocabulary = logs.shape[-1]
        logs = constrained(logs, tokens, count, end, min_length, no_repeat, forbidden, NEVER)

        # Twice as many as there are beams, as half of them may end here.
        total = ops.reshape(likelihood[..., None] + logs, (batch, beams * vocabulary))
        wide = min(2 * beams, beams * vocabulary)
        values, places = ops.top_k(total, wide)
        values = ops.maximum(values, NEVER)
        origin, token = places // vocabulary, places % vocabulary
        origin, token = ops.cast(origin, "int32"), ops.cast(token, "int32")

        here = ops.cast(ops.arange(max_length) == count, "int32")
        grown = _follow(tokens, origin) * (1 - here) + token[..., None] * here
        looks = []
        if weights:
            place = ops.cast(here, "float32")[:, None]
            paths = _follow(alignments[0], origin)
            looks = [paths + _follow(weights[0], origin)[:, :, None, :] * place]

        # Those that end here, beside those that have ended before: not what the beam has no room
        # for, so that a single beam is greedy.
        ends = token == end
        chosen = ops.logical_and(ends, ops.arange(wide) < beams)
        scores = score(ops.where(chosen, values, NEVER), count + 1, looks)
        lengths = ops.zeros_like(token) + count + 1
        pool = [
            ops.concatenate(pair, axis=1)
            for pair in zip(
                [ended, ended_tokens, ended_lengths, *ended_alignments],
                [scores, grown, lengths, *looks],
                strict=True,
            )
        ]
        _, best = ops.top_k(pool[0], beams)
        ended, ended_tokens, ended_lengths, *ended_alignments = [
            _follow(each, ops.cast(best, "int32")) for each in pool
        ]

        # Those that go on.
        likelihood, best = ops.top_k(ops.where(ends, NEVER, values), beams)
        best = ops.cast(best, "int32")
        tokens, *alignments = [_follow(each, best) for each in (grown, *looks)]
        rows = ops.reshape(_follow(origin, best) + first_rows, (-1,))
        leaves = [ops.take(leaf, rows, axis=0) for leaf in leaves]
        return (
            count + 1, tokens, likelihood, ended, ended_tokens, ended_lengths,
            *leaves, *alignments, *ended_alignments,
        )  # fmt: skip

    # What the step function gives is known from a call that is thrown away.
    nothing = ops.zeros((batch * beams,), "int32") + start
    _, leaves_start, weights = advance(nothing, leaves)
    first_rows = ops.arange(batch, dtype="int32")[:, None] * beams
    blank = ops.zeros((batch, beams, max_length), "int32") + padding
    empty = [
        ops.zeros((batch, beams, max_length, ops.shape(each)[-1]), "float32") for each in weights
    ]
    only_first = ops.where(ops.arange(beams) == 0, 0.0, NEVER)
    likelihood = ops.zeros((batch, beams), "float32") + only_first
    never = ops.zeros((batch, beams), "float32") + NEVER
    found = ops.while_loop(
        goes_on,
        body,
        (
            ops.convert_to_tensor(0, "int32"), blank, likelihood, never, blank,
            ops.zeros((batch, beams), "int32"), *leaves, *empty, *empty,
        ),
    )  # fmt: skip
    count, tokens, likelihood, ended, ended_tokens, ended_lengths, *rest = found
    rest = rest[len(leaves) :]
    alignments, ended_alignments = rest[: len(empty)], rest[len(empty) :]

    # What was cut off, behind what has ended.
    cut = score(likelihood, count, alignments)
    cut = ops.where(count == max_length, cut, NEVER)
    cut, order = ops.top_k(cut, beams)
    tokens, *alignments = [
        _follow(each, ops.cast(order, "int32")) for each in (tokens, *alignments)
    ]
    places = ops.arange(2 * beams, 0, -1)
    there = ops.concatenate([ended, cut], axis=1) > NEVER / 2
    _, best = ops.top_k(ops.where(there, places, 0), hypotheses)
    best = ops.cast(best, "int32")
    lengths = ops.concatenate([ended_lengths, ops.zeros_like(ended_lengths) + count], axis=1)
    scores = _follow(ops.concatenate([ended, cut], axis=1), best)
    missing = scores <= NEVER / 2
    tokens = _follow(ops.concatenate([ended_tokens, tokens], axis=1), best)
    alignments = [
        _follow(ops.concatenate(pair, axis=1), best)
        for pair in zip(ended_alignments, alignments, strict=True)
    ]
    return Hypotheses(
        ops.where(missing[..., None], padding, tokens),
        ops.where(missing, 0, _follow(lengths, best)),
        ops.where(missing, -float("inf"), scores),
        *alignments,
    )


def _follow(tensor, places):
    """`tensor[b, places[b, k]]`, `(batch, k, ...)`."""
    shape = [1] * (len(tensor.shape) - 2)
    places = ops.reshape(places, (*ops.shape(places), *shape))
    if shape:
        places = ops.broadcast_to(places, (*ops.shape(places)[:2], *ops.shape(tensor)[2:]))
    return ops.take_along_axis(tensor, places, axis=1)


def greedy_search(step, state, start, end, max_length, **options):
    """The likeliest token at every step: a beam search with one beam.

    Args:
        step, state, start, end, max_length: see `beam_search`.
        **options: `constants`, `min_length`, `no_repeat`, `forbidden` and `padding` of it.

    Returns:
        `Hypotheses`, one for each example; its score is the log-likelihood.

    Example:

    >>> def step(tokens, state, constants):  # counts: 1, 2, 3
    ...     return keras.ops.one_hot(tokens + 1, 5), state
    >>> found = keras_attn.decoding.greedy_search(step, np.zeros((1, 1)), 0, 3, 6)
    >>> keras.ops.convert_to_numpy(found.tokens).tolist()
    [[[1, 2, 3, 0, 0, 0]]]
    """
    return beam_search(step, state, start, end, max_length, beams=1, **options)
