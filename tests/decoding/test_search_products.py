"""Searches with options that meet, beside enumerations of all sequences of a small model."""

import inspect
import itertools

import numpy as np
import pytest

from keras_attn.decoding import beam_search, greedy_search, sample
from tests.backend import to_numpy
from tests.decoding.chain import (
    END,
    VALUES,
    VOCABULARY,
    Chain,
    enumerated,
    is_allowed,
    listed,
    scored,
)
from tests.moments import check_frequencies

# A beam that holds all sequences.
ALL = 0
MASK = np.array([[True, True, False, True], [False, True, True, True]])

PENALTIES = {
    "likelihood": {},
    "length": {"length_penalty": 1.0},
    "coverage": {"length_penalty": 0.6, "coverage_penalty": 0.4},
    "masked": {"coverage_penalty": 0.4, "memory_mask": MASK},
}
LIMITS = {
    "free": {},
    "long": {"min_length": 2},
    "suppressed": {"suppress_tokens": (1,)},
    "both": {"min_length": 3, "suppress_tokens": (0, 4)},
}
# Each pair of penalties, limits, n-grams and beams; n-grams of 9 tokens never fit.
PAIRS = [
    ("likelihood", "free", 1, 1), ("likelihood", "long", 2, ALL), ("likelihood", "both", 0, 3),
    ("length", "free", 0, ALL), ("length", "suppressed", 2, 3), ("length", "both", 1, ALL),
    ("coverage", "long", 0, ALL), ("coverage", "suppressed", 1, ALL), ("coverage", "free", 2, 3),
    ("masked", "long", 1, 3), ("masked", "both", 2, ALL), ("masked", "free", 9, ALL),
]  # fmt: skip


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
def test_all_options_of_a_beam_go_together(chain, limit, num_beams, num_hypotheses):
    for penalty, size in itertools.product(PENALTIES, (0, 1, 2)):
        if num_beams != 1 or penalty == "likelihood":
            check_beam(chain, penalty, limit, size, num_beams, num_hypotheses, max_length=3)


def sampled(chain, example, max_length, temperature, top_k, top_p, constraints):
    """The probability of each sequence when token by token is drawn: Fan et al., Holtzman et al.

    Where nothing may come next there is no sequence, here `()`.
    """
    found, live = {}, {(): 1.0}
    for _ in range(max_length):
        grown = {}
        for tokens, probability in live.items():
            logs, _ = chain.log_probs(example, tokens)
            mass = {
                token: np.exp(logs[token] / temperature)
                for token in range(VOCABULARY)
                if is_allowed((*tokens, token), **constraints)
            }
            if not mass:
                found[()] = found.get((), 0.0) + probability
                continue
            order = sorted(mass, key=lambda token: -mass[token])[:top_k]
            total = sum(mass[token] for token in order)
            nucleus, covered = [], 0.0
            for token in order:
                if top_p is None or covered < top_p:
                    nucleus.append(token)
                    covered += mass[token] / total
            total = sum(mass[token] for token in nucleus)
            for token in nucleus:
                where = found if token == END else grown
                where[(*tokens, token)] = probability * mass[token] / total
        live = grown
    return {**found, **live}


def check_samples(chain, temperature, top_k, top_p, limit, size, max_length=4):
    constraints = {**LIMITS[limit], "no_repeat_ngram_size": size}
    found = sample(
        chain, chain.start(), 0, END, max_length, 600, temperature, top_k, top_p, seed=1,
        constants=chain.seed, pad_id=9, **constraints,
    )  # fmt: skip
    for example in range(2):
        tokens, lengths, scores = (to_numpy(part)[example] for part in found[:3])
        expected = sampled(chain, example, max_length, temperature, top_k, top_p, constraints)
        assert sum(expected.values()) == pytest.approx(1)
        counts = dict.fromkeys(expected, 0)
        _, rows, count = np.unique(tokens, axis=0, return_index=True, return_counts=True)
        for row, number in zip(rows, count, strict=True):
            said = tuple(tokens[row, : lengths[row]].tolist())
            assert (tokens[row, lengths[row] :] == 9).all()
            counts[said] += number
            # Of the model as it is, without temperature and limits.
            total = chain.follow(example, said)[0] if said else -np.inf
            assert scores[row] == pytest.approx(total, abs=1e-4)
        check_frequencies(list(counts.values()), list(expected.values()))


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "limit", "size"),
    [
        (1.0, None, None, "both", 1), (1.0, 3, None, "free", 2), (1.0, 4, 0.7, "long", 0),
        (0.5, None, 0.6, "suppressed", 0), (0.5, 2, None, "long", 1), (2.0, None, 0.8, "free", 1),
        (2.0, 2, None, "suppressed", 2), (2.0, 3, 0.5, "both", 0),
    ],
)  # fmt: skip
def test_sequences_are_drawn_as_often_as_they_are_likely(
    chain, temperature, top_k, top_p, limit, size
):
    check_samples(chain, temperature, top_k, top_p, limit, size)


@pytest.mark.once
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("temperature", [1.0, 0.4, 2.0])
def test_all_options_of_a_sampler_go_together(chain, limit, temperature):
    for top_k, top_p, size in itertools.product((None, 3), (None, 0.6), (0, 1)):
        check_samples(chain, temperature, top_k, top_p, limit, size, max_length=3)


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
