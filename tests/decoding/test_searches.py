"""Properties of all searches: certain and impossible ends, and default arguments."""

import inspect
import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import beam_search, greedy_search, sample
from tests.backend import BACKEND, to_numpy
from tests.decoding.chain import END, fixed, run
from tests.ops.functions import double_precision

NEVER = -np.inf
SEARCHES = {
    "beam": lambda *arguments, **options: beam_search(
        *arguments, num_beams=8, num_hypotheses=8, **options
    ),
    "greedy": greedy_search,
    "sample": lambda *arguments, **options: sample(*arguments, 8, seed=0, **options),
}


@pytest.fixture
def double_floatx():
    keras.config.set_floatx("float64")
    with double_precision():
        yield
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", SEARCHES)
def test_sequences_that_cannot_end_are_cut_off(name):
    tokens, lengths, scores = run(SEARCHES[name], [0.0, 1.0, 0.0, NEVER], 3, pad_id=9)
    assert (lengths == 3).all()
    assert not np.isin(tokens, (END, 9)).any()
    logs = np.array([0.0, 1.0, 0.0]) - math.log(math.e + 2)
    np.testing.assert_allclose(scores, logs[tokens].sum(axis=-1), rtol=1e-5)
    if name != "sample":
        assert tokens[0].tolist() == [1, 1, 1]
        assert (np.diff(scores) <= 1e-6).all()


@pytest.mark.parametrize("name", SEARCHES)
def test_scores_and_weights_are_of_the_precision_of_floatx(name, double_floatx):
    table = np.array([0.1, 1.0, -0.3, 0.2])

    def step(tokens, state, constants):
        rows = ops.zeros_like(ops.cast(tokens, "float64"))[:, None]
        return rows + ops.convert_to_tensor(table), state, rows + ops.convert_to_tensor(table)

    found = SEARCHES[name](step, np.zeros((1, 1)), 0, END, 3)
    tokens, lengths, scores, weights = map(to_numpy, found)
    logs = table - np.log(np.exp(table).sum())
    expected = [logs[row[:length]].sum() for row, length in zip(tokens[0], lengths[0], strict=True)]
    assert (scores.dtype, weights.dtype) == ("float64", "float64")
    np.testing.assert_allclose(scores[0], expected, rtol=1e-12)
    np.testing.assert_allclose(weights[0, 0, 0], table, rtol=1e-12)


@pytest.mark.parametrize("name", SEARCHES)
def test_scores_of_logits_in_half_precision_are_of_single_precision(name):
    table = np.array([0.125, 1.0, -0.375, 0.25], "float16")

    def step(tokens, state, constants):
        rows = ops.zeros_like(ops.cast(tokens, "float16"))[:, None]
        return rows + ops.convert_to_tensor(table), state

    found = SEARCHES[name](step, np.zeros((1, 1), "float32"), 0, END, 3)
    tokens, lengths, scores, *_ = map(to_numpy, found[:3])
    logs = table - np.log(np.exp(table.astype("float64")).sum())
    expected = [logs[row[:length]].sum() for row, length in zip(tokens[0], lengths[0], strict=True)]
    np.testing.assert_allclose(scores[0], expected, rtol=1e-6)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_certain_end_is_the_only_hypothesis(name):
    tokens, lengths, scores = run(SEARCHES[name], [NEVER, NEVER, NEVER, 0.0], 3, pad_id=9)
    there = lengths > 0
    assert there[0]
    # The other hypotheses of a beam have probability 0.
    assert there.all() == (name != "beam")
    assert (tokens[there] == [END, 9, 9]).all()
    assert (scores[there] == 0.0).all()
    assert np.isneginf(scores[~there]).all()
    assert (tokens[~there] == 9).all()


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_ends_with_its_last_sequence(name):
    """The third token is the end; `max_length` is 50."""
    certain = np.where(np.eye(4, k=1) > 0, 0.0, NEVER)
    certain[END, END] = 0.0
    step = fixed(certain)
    found = SEARCHES[name](step, np.zeros((2, 1), "float32"), 0, END, 50)
    assert found.alignments is None
    assert to_numpy(found.tokens)[:, 0, :4].tolist() == [[1, 2, END, 0]] * 2
    assert to_numpy(found.lengths)[:, 0].tolist() == [3, 3]
    np.testing.assert_allclose(to_numpy(found.scores)[:, 0], 0.0, atol=1e-6)
    if BACKEND in ("torch", "numpy"):  # the others trace the step once
        assert step.calls == 4  # a call for the shapes, and three steps


@pytest.mark.parametrize("name", SEARCHES)
def test_a_vocabulary_of_one_token(name):
    def step(tokens, state, constants):
        return ops.zeros((ops.shape(tokens)[0], 1)), state

    found = SEARCHES[name](step, np.zeros((2, 1), "float32"), 0, 0, 3, pad_id=9)
    assert to_numpy(found.tokens)[:, 0].tolist() == [[0, 9, 9]] * 2
    assert to_numpy(found.lengths)[:, 0].tolist() == [1, 1]
    np.testing.assert_array_equal(to_numpy(found.scores)[:, 0], [0.0, 0.0])


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("tokens", [[1, 2], (np.int64(1), 2), np.array([1, 2]), {1, 2}])
def test_suppressed_tokens_may_be_in_any_collection(name, tokens):
    found, *_ = run(SEARCHES[name], [0.0, 9.0, 9.0, NEVER], 3, suppress_tokens=tokens)
    assert (found[0] == 0).all()


REFUSED = [
    ({"start_id": 1.5}, "`start_id` must be an integer"),
    ({"start_id": 4}, "`start_id` must be in the vocabulary of 4"),
    ({"start_id": -1}, "`start_id` must be in the vocabulary of 4"),
    ({"end_id": 4}, "`end_id` must be in the vocabulary of 4"),
    ({"end_id": -1}, "`end_id` must be in the vocabulary of 4"),
    ({"pad_id": 1.5}, "`pad_id` must be an integer"),
    ({"max_length": 0}, "`max_length` must be at least 1"),
    ({"max_length": None}, "`max_length` must be an integer"),
    ({"min_length": 4}, "`min_length` must be between"),
    ({"min_length": -1}, "`min_length` must be between"),
    ({"no_repeat_ngram_size": -1}, "`no_repeat_ngram_size` must not be negative"),
    ({"suppress_tokens": (4,)}, "`suppress_tokens` must hold tokens of the vocabulary of 4"),
    ({"suppress_tokens": (2, END)}, "`suppress_tokens` must not hold the end token"),
    ({"suppress_tokens": 2}, "`suppress_tokens` must be a tuple of integers"),
    ({"suppress_tokens": np.array(2)}, "`suppress_tokens` must be a tuple of integers"),
    ({"state": None}, "`state` must hold tensors"),
    ({"state": [np.ones((2, 1)), np.ones((3, 1))]}, "`state` must hold tensors"),
    ({"constants": np.ones((3, 1))}, "`constants` must hold tensors"),
    ({"step": lambda *_: (np.ones((2, 1, 4)), np.ones((2, 1)))}, "`step` must return logits"),
]


def even(tokens, state, constants):
    """Returns equal logits of four tokens, also for tokens that there are not."""
    return ops.zeros((ops.shape(tokens)[0], 4)), state


@pytest.mark.once
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_all_searches_refuse_the_same(name, changed, message):
    arguments = {
        "step": even, "state": np.ones((2, 1), "float32"), "start_id": 0, "end_id": END,
        "max_length": 3,
    }  # fmt: skip
    arguments |= changed
    first = [arguments.pop(each) for each in ("step", "state", "start_id", "end_id", "max_length")]
    with pytest.raises(ValueError, match=message):
        SEARCHES[name](*first, **arguments)


@pytest.mark.parametrize("name", SEARCHES)
def test_numbers_may_be_of_numpy(name):
    logits = [[0.0, 2.0, 1.0, 0.5]] * 4
    options = {"min_length": 2, "no_repeat_ngram_size": 1, "pad_id": 9}
    more = {key: np.int64(value) for key, value in options.items()}
    state = np.zeros((1, 1), "float32")
    expected = SEARCHES[name](fixed(logits), state, 0, END, 3, **options)
    numbers = np.int64(0), np.int32(END), np.int64(3)
    found = SEARCHES[name](fixed(logits), state, *numbers, **more)
    for one, other in zip(found[:3], expected[:3], strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


@pytest.mark.parametrize("name", SEARCHES)
def test_the_shortest_sequence_may_be_as_long_as_the_longest(name):
    tokens, lengths, _ = run(SEARCHES[name], [0.0, NEVER, NEVER, 9.0], 3, min_length=3)
    assert tokens[0].tolist() == [0, 0, END]
    assert lengths[0] == 3


@pytest.mark.once
def test_options_are_off_by_default():
    limits = {
        "constants": None, "min_length": 0, "no_repeat_ngram_size": 0, "suppress_tokens": (),
        "pad_id": 0,
    }  # fmt: skip
    beam = {"num_beams": 5, "num_hypotheses": 1, "length_penalty": 0.0, "coverage_penalty": 0.0}
    draws = {"num_samples": 1, "temperature": 1.0, "top_k": None, "top_p": None, "seed": None}
    for function, expected in ((beam_search, {**beam, "memory_mask": None}), (sample, draws)):
        parameters = inspect.signature(function).parameters.values()
        defaults = {each.name: each.default for each in parameters if each.default != each.empty}
        assert defaults == {**limits, **expected}
