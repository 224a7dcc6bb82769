"""Properties of all searches: certain and impossible ends, and default arguments."""

import inspect
import math

import numpy as np
import pytest

from keras_attn.decoding import beam_search, greedy_search, sample
from tests.decoding.chain import END, run

NEVER = -np.inf
SEARCHES = {
    "beam": lambda *arguments, **options: beam_search(
        *arguments, num_beams=8, num_hypotheses=8, **options
    ),
    "greedy": greedy_search,
    "sample": lambda *arguments, **options: sample(*arguments, 8, seed=0, **options),
}


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
