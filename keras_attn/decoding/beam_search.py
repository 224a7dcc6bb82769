"""Beam search over any step function.

Glossary of shapes:
    batch
    beams:      hypotheses that are kept for each example
    rows:       `batch * beams`, an example's beams one after the other
    vocabulary: of the logits
    values:     positions of the memory that is attended to; height and width of a feature map, say
"""

import keras
from keras import ops

from keras_attn.decoding.beam import Beam
from keras_attn.decoding.constraints import Constraints
from keras_attn.decoding.state import check_state, repeated
from keras_attn.layers.arguments import positive_integer


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
            tokens `(rows,)`, logits `(rows, vocabulary)`, weights `(rows, *values)`; inside of
            `model.predict` it is compiled with the model.
        state: before the first step, a tensor or a nested structure of tensors whose first axis is
            the batch. It follows its hypotheses.
        start, end: tokens that begin and end a sequence.
        max_length: tokens of the longest sequence, the end token included.
        beams: hypotheses that are kept. It may exceed the vocabulary.
        constants: like `state`, what is the same at all steps: the memory, its keys and masks. What
            is None stays None.
        hypotheses: how many are returned, at most `beams`.
        length_penalty, coverage_penalty: not negative, see above. A position that was never looked
            at counts as one of coverage 1e-10.
        memory_mask: boolean `(batch, *values)`, False where nothing needs to be covered.
        min_length: tokens of the shortest sequence, the end token included.
        no_repeat: no sequence of so many tokens occurs twice in a hypothesis; 0 for no limit.
        forbidden: tokens that are never chosen, those of padding and of the start, say.
        padding: what stands after the end.

    Returns:
        `Hypotheses`.

    Raises:
        ValueError: for numbers out of their range, tokens that are not in the vocabulary, an end
            token that is forbidden, a coverage penalty for a step function without weights, and a
            mask that is not of their shape.

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
    beams, hypotheses = positive_integer("beams", beams), positive_integer("hypotheses", hypotheses)
    for name, value in (("length_penalty", length_penalty), ("coverage_penalty", coverage_penalty)):
        if not value >= 0:
            raise ValueError(f"`{name}` must not be negative. Received: {name}={value}")
    check_state(state)
    if hypotheses > beams:
        raise ValueError(
            "`hypotheses` must not exceed `beams`. "
            f"Received: hypotheses={hypotheses}, beams={beams}"
        )
    constraints = Constraints(end, max_length, min_length, no_repeat, tuple(forbidden))

    batch = ops.shape(ops.convert_to_tensor(keras.tree.flatten(state)[0]))[0]
    state, constants = repeated(state, beams), repeated(constants, beams)
    beam = Beam(
        lambda tokens, state: step(tokens, state, constants),
        batch,
        beams,
        hypotheses,
        constraints,
        length_penalty,
        coverage_penalty,
        None if memory_mask is None else ops.convert_to_tensor(memory_mask),
    )
    count, live, ended, _ = ops.while_loop(
        beam.goes_on, beam.grow, beam.begin(state, start, padding)
    )
    return beam.best(count, live, ended, padding)


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
