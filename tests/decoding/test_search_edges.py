"""Searches where probabilities are equal, 0 or 1, and where sequences never end."""

import math

import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import beam_search, greedy_search, sample
from tests.backend import BACKEND, to_numpy

END, VOCABULARY = 3, 4
NEVER = -np.inf
SEARCHES = {
    "beam": lambda *arguments, **options: beam_search(
        *arguments, num_beams=8, num_hypotheses=8, **options
    ),
    "greedy": greedy_search,
    "sample": lambda *arguments, **options: sample(*arguments, 8, seed=0, **options),
}


def fixed(logits):
    """A step function with logits for each last token, or the same for all of them."""
    table = np.broadcast_to(np.array(logits, "float32"), (VOCABULARY, VOCABULARY))

    def step(tokens, state, constants):
        step.calls += 1
        return ops.take(ops.convert_to_tensor(table.copy()), tokens, axis=0), state

    step.calls = 0
    return step


def run(search, logits, max_length, **options):
    found = search(fixed(logits), np.zeros((1, 1), "float32"), 0, END, max_length, **options)
    return [to_numpy(part)[0] for part in found[:3]]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"top_p": 0.25}, 1),
        ({"top_p": 0.5}, 2),
        ({"top_p": 0.51}, 3),
        ({"top_p": 0.75}, 3),
        ({"top_p": 1.0}, 4),
        ({"top_k": 2}, 2),
        ({"top_k": 2, "top_p": 0.5}, 1),
        ({"top_p": 0.5, "suppress_tokens": (0, 2)}, 1),
        ({"top_p": 0.5, "temperature": 0.1}, 2),
    ],
)
def test_a_mass_of_exactly_top_p_is_enough(options, count):
    """Four tokens of probability 1/4, of which any may stand first."""
    found = sample(
        fixed([0.0] * 4), np.zeros((1, 1), "float32"), 0, END, 1, 400, seed=0, **options
    )  # fmt: skip
    counts = np.bincount(to_numpy(found.tokens).ravel(), minlength=4)
    assert (counts > 0).sum() == count
    assert (counts[counts > 0] > 240 / count).all()
    np.testing.assert_allclose(to_numpy(found.scores), -math.log(4), rtol=1e-6)


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
def test_a_sure_end_leaves_nothing_else(name):
    tokens, lengths, scores = run(SEARCHES[name], [NEVER, NEVER, NEVER, 0.0], 3, pad_id=9)
    there = lengths > 0
    assert there[0]
    # The other hypotheses of a beam have probability 0.
    assert there.all() == (name != "beam")
    assert (tokens[there] == [END, 9, 9]).all()
    assert (scores[there] == 0.0).all()
    assert np.isneginf(scores[~there]).all()
    assert (tokens[~there] == 9).all()


def test_a_longer_sequence_of_the_same_score_does_not_prolong_the_search():
    """1/2 for the end and 1/2 for a token that is followed by the end alone."""
    logits = [[NEVER, 0.0, NEVER, 0.0]] + [[NEVER, NEVER, NEVER, 0.0]] * 3
    step = fixed(logits)
    state = np.zeros((1, 1), "float32")
    found = beam_search(step, state, 0, END, 4, num_beams=2)
    assert to_numpy(found.tokens)[0, 0].tolist() == [END, 0, 0, 0]
    if BACKEND in ("torch", "numpy"):  # the others trace the step once
        assert step.calls == 2  # a call for the shapes, and a step
    both = beam_search(step, state, 0, END, 4, num_beams=2, num_hypotheses=2)
    assert sorted(to_numpy(both.tokens)[0].tolist()) == [[1, END, 0, 0], [END, 0, 0, 0]]
    np.testing.assert_allclose(to_numpy(both.scores), math.log(0.5), rtol=1e-6)
    # Any length penalty favors the longer one.
    longer = beam_search(step, state, 0, END, 4, num_beams=2, length_penalty=0.1)
    assert to_numpy(longer.tokens)[0, 0].tolist() == [1, END, 0, 0]


@pytest.mark.parametrize("num_hypotheses", [3, 20])
def test_hypotheses_of_the_same_score_differ(num_hypotheses):
    """Tokens are equally likely: one sequence of one token ends, three of two, nine of three."""
    tokens, lengths, scores = run(
        beam_search, [0.0] * 4, 3, num_beams=48, num_hypotheses=num_hypotheses, pad_id=9
    )
    expected = ([1] + [2] * 3 + [3] * 36)[:num_hypotheses]
    assert lengths.tolist() == expected
    np.testing.assert_allclose(scores, -math.log(4) * lengths, rtol=1e-6)
    assert len(set(map(tuple, tokens.tolist()))) == num_hypotheses
    for said, length in zip(tokens, lengths, strict=True):
        assert not (said[: length - 1] == END).any()
        assert (said[length:] == 9).all()
    # Those that end come first, also among equals.
    ends = (tokens == END).any(axis=-1)
    assert ends[:13].all()
    assert not ends[13:].any()


def test_values_that_were_never_looked_at_count_as_1e_10():
    """The weights of both steps sum to 1.5, 0.5 and 0."""
    looks = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]], "float32")
    step = fixed([[NEVER, 0.0, NEVER, NEVER]] + [[NEVER, NEVER, NEVER, 0.0]] * 3)

    def attending(tokens, state, constants):
        logits, state = step(tokens, state, constants)
        weights = ops.take(ops.convert_to_tensor(looks), ops.minimum(tokens, 1), axis=0)
        return logits, state, weights

    mask = np.array([[True, True, True], [True, True, False], [True, False, False]])
    found = beam_search(
        attending, np.zeros((3, 1), "float32"), 0, END, 3, num_beams=2, coverage_penalty=0.2,
        memory_mask=mask,
    )  # fmt: skip
    assert to_numpy(found.lengths)[:, 0].tolist() == [2, 2, 2]
    # 1.5 on the first value is no better than 1.
    expected = [math.log(0.5) + math.log(1e-10), math.log(0.5), 0.0]
    np.testing.assert_allclose(
        to_numpy(found.scores)[:, 0], 0.2 * np.array(expected), rtol=1e-5, atol=1e-5
    )
