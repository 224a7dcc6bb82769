"""Properties of all searches: certain and impossible ends, and default arguments."""

import inspect
import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import beam_search, greedy_search, sample
from tests.backend import to_numpy
from tests.decoding.chain import END, run
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
