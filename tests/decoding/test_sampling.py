"""Sampling: frequencies of tokens and sequences, all options, extreme temperatures, refusals."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.decoding import greedy_search, sample
from keras_attn.decoding.sampling import _draw
from tests.backend import to_numpy
from tests.decoding.chain import END, LIMITS, VOCABULARY, Chain, fixed, is_allowed
from tests.moments import check_frequencies

# Of tokens 0 to 3 after any other; 3 is the end.
LIKELY = np.array([0.1, 0.4, 0.3, 0.2])


def step(tokens, state, constants):
    logs = ops.convert_to_tensor(np.log(LIKELY)[None].astype("float32"))
    weights = ops.one_hot(tokens, 4)
    return ops.tile(logs, (tokens.shape[0], 1)), state, weights


def draw(max_length=1, num_samples=4000, **options):
    found = sample(
        step,
        np.zeros((2, 1), "float32"),
        0,
        3,
        max_length,
        num_samples,
        seed=1,
        pad_id=9,
        **options,
    )
    return [to_numpy(part) for part in found]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, LIKELY),
        ({"temperature": 0.5}, LIKELY**2 / np.sum(LIKELY**2)),
        # The temperature comes first: 0.53 instead of 0.4 for the most probable token.
        ({"temperature": 0.5, "top_p": 0.5}, np.array([0, 1, 0, 0])),
        ({"top_k": 2}, np.array([0, 4, 3, 0]) / 7),
        ({"top_p": 0.6}, np.array([0, 4, 3, 0]) / 7),
        ({"top_p": 0.75}, np.array([0, 4, 3, 2]) / 9),
        ({"top_k": 3, "top_p": 0.4}, np.array([0, 1, 0, 0])),
        ({"suppress_tokens": (1,)}, np.array([1, 0, 3, 2]) / 6),
        ({"top_k": 99}, LIKELY),
    ],
)
def test_frequencies_of_tokens_are_their_probabilities(options, expected):
    tokens, _, scores, _ = draw(**options)
    assert tokens.shape == (2, 4000, 1)
    check_frequencies(np.bincount(tokens.ravel(), minlength=4), expected)
    np.testing.assert_allclose(scores, np.log(LIKELY)[tokens[..., 0]], atol=1e-5)


def test_tokens_share_the_unit_interval_without_gaps():
    logits = ops.zeros((8, 4))
    chances = np.array([0.0, 0.25, 0.5, 0.75, 0.2499, 0.4999, 0.7499, 0.9999], "float32")
    tokens = to_numpy(_draw(logits, 1.0, ops.convert_to_tensor(chances), None, None))
    assert sorted(tokens[:4]) == [0, 1, 2, 3]
    np.testing.assert_array_equal(tokens[4:], tokens[:4])


def test_sequences_end_and_are_padded():
    tokens, lengths, scores, alignments = draw(max_length=6, num_samples=200, min_length=2)
    rows = tokens.reshape(-1, 6), lengths.ravel(), scores.ravel(), alignments.reshape(-1, 6, 4)
    for said, length, score, looks in zip(*rows, strict=True):
        assert length >= 2
        assert np.all(said[:length][:-1] != 3)
        assert said[length - 1] == 3 or length == 6
        assert np.all(said[length:] == 9)
        assert score == pytest.approx(np.log(LIKELY)[said[:length]].sum(), abs=1e-4)
        np.testing.assert_array_equal(looks[:length].argmax(axis=-1), [0, *said[: length - 1]])
        assert np.all(looks[length:] == 0.0)
    assert lengths.min() == 2
    assert lengths.max() == 6


def test_draws_are_independent_and_repeatable():
    first, again = draw(max_length=5, num_samples=50)[0], draw(max_length=5, num_samples=50)[0]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    generator = keras.random.SeedGenerator(3)
    state = np.zeros((2, 1), "float32")
    one, other = (sample(step, state, 0, 3, 5, 50, seed=generator) for _ in range(2))
    assert not np.array_equal(to_numpy(one.tokens), to_numpy(other.tokens))


def test_sampling_from_one_token_is_greedy():
    tokens, *_ = draw(max_length=4, num_samples=3, top_k=1, no_repeat_ngram_size=1)
    found = greedy_search(
        step, np.zeros((2, 1), "float32"), 0, 3, 4, no_repeat_ngram_size=1, pad_id=9
    )
    np.testing.assert_array_equal(tokens, np.repeat(to_numpy(found.tokens), 3, axis=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_samples": 0}, "`num_samples` must be a positive integer"),
        ({"temperature": 0.0}, "`temperature` must be positive"),
        ({"top_k": 0}, "`top_k` must be a positive integer"),
        ({"top_k": 2.5}, r"`top_k` must be a positive integer\. Received: top_k=2\.5"),
        ({"temperature": float("nan")}, "`temperature` must be positive"),
        (
            {"suppress_tokens": (-1, 77)},
            "`suppress_tokens` must hold tokens of the vocabulary of 4",
        ),
        ({"top_p": 0.0}, r"`top_p` must be in \(0, 1\]"),
        ({"top_p": 1.5}, r"`top_p` must be in \(0, 1\]"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw(**options)


def test_suppressed_tokens_are_never_drawn():
    options = {"suppress_tokens": (0, 1, 2), "min_length": 3, "max_length": 4, "num_samples": 20}
    # The end is suppressed in the first step, and all other tokens in every step.
    tokens, lengths, scores, alignments = draw(**options)
    assert np.all(lengths == 0)
    assert np.all(np.isneginf(scores))
    assert np.all(tokens == 9)
    assert np.all(alignments == 0.0)
    logits = np.zeros((64, 32_000), "float32")
    logits[:, -2000:] = -1e30
    chances = np.full(64, 1 - 2**-24, "float32")
    tensors = [ops.convert_to_tensor(each) for each in (logits, chances)]
    assert np.all(to_numpy(_draw(tensors[0], 1.0, tensors[1], None, None)) < 30_000)


@pytest.mark.parametrize("size", [1, 2])
def test_the_padding_may_be_outside_of_the_vocabulary_without_repetitions(size):
    options = {"max_length": 5, "num_samples": 20, "no_repeat_ngram_size": size}
    tokens, lengths, *_ = draw(**options)
    assert np.all(tokens[lengths == 1][:, 1:] == 9)
    assert np.any(lengths == 1)


@pytest.mark.parametrize("temperature", [1e-30, 1e-46])
def test_a_temperature_near_zero_is_greedy(temperature):
    tokens, *_ = draw(num_samples=20, temperature=temperature)
    assert np.all(tokens == 1)
    tokens, *_ = draw(num_samples=20, temperature=temperature, suppress_tokens=(1,))
    assert np.all(tokens == 2)


@pytest.mark.parametrize("temperature", [1e10, 1e30, 1e39, np.inf])
def test_a_high_temperature_draws_all_tokens_that_are_not_suppressed(temperature):
    tokens, *_ = draw(temperature=temperature, suppress_tokens=(1,))
    check_frequencies(np.bincount(tokens.ravel(), minlength=4), np.array([1, 0, 1, 1]) / 3)
    logits = np.array([[0.0, -np.inf, 0.0, -1e30]] * 64, "float32")
    chances = np.linspace(0.0, 1 - 2**-24, 64, dtype="float32")
    tensors = [ops.convert_to_tensor(each) for each in (logits, chances)]
    drawn = to_numpy(_draw(tensors[0], temperature, tensors[1], None, None))
    assert set(drawn) == {0, 2}


@pytest.mark.parametrize("shape", [(2, 2), ()])
def test_attention_weights_may_have_any_axes(shape):
    def seen(tokens, state, constants):
        logits, state, weights = step(tokens, state, constants)
        return logits, state, ops.reshape(weights[:, : math.prod(shape)], (-1, *shape))

    options = {"num_samples": 5, "seed": 1, "suppress_tokens": (0,)}
    found, flat = (
        sample(each, np.zeros((2, 1), "float32"), 0, 3, 4, **options) for each in (seen, step)
    )
    np.testing.assert_array_equal(to_numpy(found.tokens), to_numpy(flat.tokens))
    looks = to_numpy(flat.alignments)[..., : math.prod(shape)]
    np.testing.assert_array_equal(to_numpy(found.alignments), looks.reshape(2, 5, 4, *shape))


@pytest.fixture(scope="module")
def chain():
    return Chain(np.random.default_rng(0))


def sampled(chain, example, max_length, temperature, top_k, top_p, constraints):
    """Returns the probability of each sequence: Fan et al. and Holtzman et al.

    The probability of the empty sequence `()` is that of prefixes without an allowed token.
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
            # The scores are those of the model, without temperature and constraints.
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
def test_frequencies_of_sequences_are_their_probabilities(
    chain, temperature, top_k, top_p, limit, size
):
    check_samples(chain, temperature, top_k, top_p, limit, size)


@pytest.mark.once
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("temperature", [1.0, 0.4, 2.0])
def test_all_combinations_of_options(chain, limit, temperature):
    for top_k, top_p, size in itertools.product((None, 3), (None, 0.6), (0, 1)):
        check_samples(chain, temperature, top_k, top_p, limit, size, max_length=3)


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
    """Four tokens of probability 1/4, in any order."""
    found = sample(
        fixed([0.0] * 4), np.zeros((1, 1), "float32"), 0, END, 1, 400, seed=0, **options
    )  # fmt: skip
    counts = np.bincount(to_numpy(found.tokens).ravel(), minlength=4)
    assert (counts > 0).sum() == count
    assert (counts[counts > 0] > 240 / count).all()
    np.testing.assert_allclose(to_numpy(found.scores), -math.log(4), rtol=1e-6)
