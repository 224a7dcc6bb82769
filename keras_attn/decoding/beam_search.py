"""Beam search over any step function.

Glossary of shapes:
    batch
    num_beams:  hypotheses that are kept for each example
    rows:       `batch * num_beams`, an example's beams one after the other
    vocabulary: of the logits
    values:     positions of the memory that is attended to; height and width of a feature map, say
"""

import math

import keras
from keras import ops

from keras_attn.decoding.beam import Beam
from keras_attn.decoding.constraints import Constraints, check_integer
from keras_attn.decoding.state import check_state, repeated
from keras_attn.ops.checks import check_number, positive_integer
from keras_attn.ops.known import differ
from keras_attn.ops.received import received


def beam_search(
    step,
    state,
    start_id,
    end_id,
    max_length,
    num_beams=5,
    constants=None,
    num_hypotheses=1,
    length_penalty=0.0,
    coverage_penalty=0.0,
    memory_mask=None,
    min_length=0,
    no_repeat_ngram_size=0,
    suppress_tokens=(),
    pad_id=0,
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
        start_id, end_id: tokens that begin and end a sequence.
        max_length: tokens of the longest sequence, the end token included.
        num_beams: hypotheses that are kept. It may exceed the vocabulary.
        constants: like `state`, what is the same at all steps: the memory, its keys and masks. What
            is None stays None.
        num_hypotheses: how many are returned, at most `num_beams`.
        length_penalty, coverage_penalty: not negative, see above. A position that was never looked
            at counts as one of coverage 1e-10.
        memory_mask: boolean `(batch, *values)`, False where nothing needs to be covered.
        min_length: tokens of the shortest sequence, the end token included.
        no_repeat_ngram_size: no sequence of so many tokens occurs twice in a hypothesis; 0 for no
            limit.
        suppress_tokens: tokens that are never chosen, those of padding and of the start, say.
        pad_id: what stands after the end.

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
    ...     step, np.zeros((1, 1)), start_id=0, end_id=2, max_length=4, num_hypotheses=2
    ... )
    >>> keras.ops.convert_to_numpy(found.tokens).tolist()
    [[[2, 0, 0, 0], [1, 2, 0, 0]]]

    Reference:
        Wu et al., "Google's Neural Machine Translation System", 2016, section 7,
        https://arxiv.org/abs/1609.08144
    """
    num_beams, num_hypotheses = (
        positive_integer("num_beams", num_beams),
        positive_integer("num_hypotheses", num_hypotheses),
    )
    for name, value in (("length_penalty", length_penalty), ("coverage_penalty", coverage_penalty)):
        check_number(name, value, "not be negative", lambda number: 0 <= number < math.inf)
    check_state(state, constants)
    if num_hypotheses > num_beams:
        raise ValueError(
            "`num_hypotheses` must not exceed `num_beams`. "
            f"Received: num_hypotheses={num_hypotheses}, num_beams={num_beams}"
        )
    constraints = Constraints(end_id, max_length, min_length, no_repeat_ngram_size, suppress_tokens)
    check_integer("start_id", start_id)
    check_integer("pad_id", pad_id)

    batch = ops.shape(ops.convert_to_tensor(keras.tree.flatten(state)[0]))[0]
    if memory_mask is not None:
        memory_mask = ops.convert_to_tensor(memory_mask)
        if len(memory_mask.shape) == 0 or differ(memory_mask.shape[0], batch):
            raise ValueError(
                f"`memory_mask` must have a row for each of the {batch} examples. "
                f"{received(memory_mask=memory_mask)}"
            )
    state, constants = repeated(state, num_beams), repeated(constants, num_beams)
    beam = Beam(
        lambda tokens, state: step(tokens, state, constants),
        batch,
        num_beams,
        num_hypotheses,
        constraints,
        length_penalty,
        coverage_penalty,
        memory_mask,
    )
    count, live, ended, _ = ops.while_loop(
        beam.goes_on, beam.grow, beam.begin(state, start_id, pad_id)
    )
    return beam.best(count, live, ended, pad_id)


def greedy_search(step, state, start_id, end_id, max_length, **options):
    """The likeliest token at every step: a beam search with one beam.

    Args:
        step, state, start_id, end_id, max_length: see `beam_search`.
        **options: `constants`, `min_length`, `no_repeat_ngram_size`, `suppress_tokens` and
            `pad_id` of it.

    Returns:
        `Hypotheses`, one for each example; its score is the log-likelihood.

    Example:

    >>> def step(tokens, state, constants):  # counts: 1, 2, 3
    ...     return keras.ops.one_hot(tokens + 1, 5), state
    >>> found = keras_attn.decoding.greedy_search(step, np.zeros((1, 1)), 0, 3, 6)
    >>> keras.ops.convert_to_numpy(found.tokens).tolist()
    [[[1, 2, 3, 0, 0, 0]]]
    """
    return beam_search(step, state, start_id, end_id, max_length, num_beams=1, **options)
