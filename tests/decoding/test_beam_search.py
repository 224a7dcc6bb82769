"""Beam search with combined options equals an enumeration of all sequences."""

import itertools
import math

import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import beam_search, greedy_search
from tests.backend import BACKEND, to_numpy
from tests.decoding.chain import (
    END,
    LIMITS,
    VALUES,
    VOCABULARY,
    Chain,
    enumerated,
    fixed,
    listed,
    run,
    scored,
    search,
)

# A beam that holds all sequences.
ALL = 0
MASK = np.array([[True, True, False, True], [False, True, True, True]])

PENALTIES = {
    "likelihood": {},
    "length": {"length_penalty": 1.0},
    "coverage": {"length_penalty": 0.6, "coverage_penalty": 0.4},
    "masked": {"coverage_penalty": 0.4, "memory_mask": MASK},
}
# Each pair of penalties, limits, n-grams and beams; n-grams of 9 tokens never fit.
PAIRS = [
    ("likelihood", "free", 1, 1), ("likelihood", "long", 2, ALL), ("likelihood", "both", 0, 3),
    ("length", "free", 0, ALL), ("length", "suppressed", 2, 3), ("length", "both", 1, ALL),
    ("coverage", "long", 0, ALL), ("coverage", "suppressed", 1, ALL), ("coverage", "free", 2, 3),
    ("masked", "long", 1, 3), ("masked", "both", 2, ALL), ("masked", "free", 9, ALL),
]  # fmt: skip
NEVER = -np.inf


@pytest.fixture(scope="module")
def chain():
    return Chain(np.random.default_rng(0))


def check_beam(chain, penalty, limit, size, num_beams, num_hypotheses, max_length=4):
    constraints = {**LIMITS[limit], "no_repeat_ngram_size": size}
    penalties = PENALTIES[penalty]
    options = {"constants": chain.seed, "pad_id": 9, **constraints}
    if num_beams == 1:
        found = greedy_search(chain, chain.start(), 0, END, max_length, **options)
        penalties = {}
    else:
        found = beam_search(
            chain, chain.start(), 0, END, max_length,
            num_beams=num_beams or (VOCABULARY - 1) ** (max_length - 1) * VOCABULARY,
            num_hypotheses=num_hypotheses, **penalties, **options,
        )  # fmt: skip
    tokens = np.full((2, num_hypotheses, max_length), 9)
    lengths, scores = np.zeros((2, num_hypotheses)), np.full((2, num_hypotheses), -np.inf)
    looks = np.zeros((2, num_hypotheses, max_length, VALUES))
    for example in range(2):
        common = chain, example, max_length
        if num_beams == ALL:
            expected = enumerated(*common, num_hypotheses, penalties, constraints)
        else:
            expected = listed(*common, num_beams, num_hypotheses, penalties, constraints)
        for place, said in enumerate(expected):
            tokens[example, place, : len(said)] = said
            lengths[example, place] = len(said)
            scores[example, place] = scored(chain, example, said, **penalties)
            looks[example, place, : len(said)] = chain.follow(example, said)[1]
    np.testing.assert_array_equal(to_numpy(found.tokens), tokens)
    np.testing.assert_array_equal(to_numpy(found.lengths), lengths)
    np.testing.assert_allclose(to_numpy(found.scores), scores, atol=1e-4)
    np.testing.assert_allclose(to_numpy(found.alignments), looks, atol=1e-5)


@pytest.mark.parametrize(("penalty", "limit", "size", "num_beams"), PAIRS)
def test_a_beam_finds_the_best_of_all_sequences(chain, penalty, limit, size, num_beams):
    check_beam(chain, penalty, limit, size, num_beams, 1 if num_beams == 1 else 3)


@pytest.mark.once
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("num_beams", "num_hypotheses"), [(1, 1), (3, 2), (ALL, 1), (ALL, 30)])
def test_all_combinations_of_options(chain, limit, num_beams, num_hypotheses):
    for penalty, size in itertools.product(PENALTIES, (0, 1, 2)):
        if num_beams != 1 or penalty == "likelihood":
            check_beam(chain, penalty, limit, size, num_beams, num_hypotheses, max_length=3)


def test_trigrams_are_compared_by_all_their_tokens(chain):
    # Of two words, so that most of a trigram is often said before.
    constraints = {"suppress_tokens": (1, 4), "min_length": 7, "no_repeat_ngram_size": 3}
    found = search(chain, 7, num_beams=128, num_hypotheses=20, **constraints)
    for example in range(2):
        expected = enumerated(chain, example, 7, 20, (), constraints)
        assert [tuple(row) for row in found[0][example].tolist()] == expected


# Chains with a search that ends early, and that would be wrong if it ended one step earlier.
@pytest.mark.parametrize(
    ("seed", "num_beams", "num_hypotheses", "alpha", "beta"),
    [(23, 2, 1, 1.0, 0.0), (8, 3, 3, 2.0, 0.0), (33, 3, 1, 1.0, 2.0), (33, 3, 2, 1.0, 1.0)],
)
def test_an_early_end_changes_nothing(seed, num_beams, num_hypotheses, alpha, beta):
    chain = Chain(np.random.default_rng(seed), batch=1)
    tokens, lengths, scores, _ = search(
        chain,
        max_length=8,
        num_beams=num_beams,
        num_hypotheses=num_hypotheses,
        length_penalty=alpha,
        coverage_penalty=beta,
    )
    if BACKEND in ("torch", "numpy"):  # the others trace the step once
        assert chain.calls < 9
    penalties = {"length_penalty": alpha, "coverage_penalty": beta}
    for place, expected in enumerate(listed(chain, 0, 8, num_beams, num_hypotheses, penalties)):
        assert tokens[0, place, : lengths[0, place]].tolist() == list(expected)
        score = scored(chain, 0, expected, **penalties)
        assert scores[0, place] == pytest.approx(score, abs=1e-4)


def test_the_search_ends_when_nothing_can_become_better():
    calls = []

    def step(tokens, state, constants):
        calls.append(1)
        sure = np.log(np.array([[0.01, 0.01, 0.98]], "float32"))
        return ops.tile(ops.convert_to_tensor(sure), (2, 1)), state

    found = beam_search(step, np.zeros((1, 1)), 0, 2, 50, num_beams=2, num_hypotheses=2)
    if BACKEND in ("torch", "numpy"):
        assert len(calls) < 6
    assert to_numpy(found.lengths).tolist() == [[1, 2]]
    expected = [math.log(0.98), math.log(0.01 * 0.98)]
    np.testing.assert_allclose(to_numpy(found.scores)[0], expected, atol=1e-4)


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


def test_values_without_weight_count_as_1e_10():
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
