"""Inputs of a beam search: shapes, models, decoders, and refusals."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import AttentionDecoder, CoverageAttention
from keras_attn.decoding import beam_search
from tests.backend import to_numpy
from tests.decoding.chain import END, VALUES, VOCABULARY, Chain, search


def test_a_beam_wider_than_the_number_of_sequences(generator):
    chain = Chain(generator)
    tokens, lengths, scores, alignments = search(
        chain, max_length=1, num_beams=40, num_hypotheses=8
    )
    assert tokens[:, 0].tolist() == [[END]] * 2
    # The four other sequences are cut off after one token; further hypotheses are empty.
    assert sorted(tokens[0, 1:5, 0].tolist()) == [0, 1, 2, 4]
    assert np.all(np.isfinite(scores[:, :5]))
    assert np.all(np.isneginf(scores[:, 5:]))
    assert np.all(lengths[:, 5:] == 0)
    assert np.all(tokens[:, 5:] == 9)
    assert np.all(alignments[:, 5:] == 0.0)
    np.testing.assert_allclose(alignments[:, :5].sum(axis=(2, 3)), 1.0, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 2), (2, 1, 2), ()])
def test_attention_weights_may_have_any_axes(generator, shape):
    chain = Chain(generator)
    size = math.prod(shape)

    def step(tokens, state, constants):
        logits, state, weights = chain(tokens, state, constants)
        return logits, state, ops.reshape(weights[:, :size], (-1, *shape))

    def flat_step(tokens, state, constants):
        logits, state, weights = chain(tokens, state, constants)
        return logits, state, weights[:, :size]

    mask = np.array([[True, True, False, True], [True] * 4])[:, :size]
    options = {
        "num_beams": 6, "num_hypotheses": 3, "constants": chain.seed, "length_penalty": 1.0,
        "coverage_penalty": 0.5,
    }  # fmt: skip
    found = beam_search(
        step, chain.start(), 0, END, 4, memory_mask=mask.reshape(2, *shape), **options
    )
    flat = beam_search(flat_step, chain.start(), 0, END, 4, memory_mask=mask, **options)
    assert tuple(found.alignments.shape) == (2, 3, 4, *shape)
    np.testing.assert_array_equal(to_numpy(found.tokens), to_numpy(flat.tokens))
    np.testing.assert_allclose(to_numpy(found.scores), to_numpy(flat.scores), atol=1e-5)
    looks = to_numpy(found.alignments).reshape(2, 3, 4, size)
    np.testing.assert_allclose(looks, to_numpy(flat.alignments), atol=1e-6)


def test_a_search_inside_a_compiled_model(generator):
    chain = Chain(generator, batch=3)

    class Search(keras.layers.Layer):
        def call(self, seed):
            state = {"history": ops.zeros_like(seed)}
            found = beam_search(chain, state, 0, END, 4, num_beams=3, constants=seed)
            return found.tokens, found.scores, found.alignments

        def compute_output_spec(self, seed):
            return (
                keras.KerasTensor((seed.shape[0], 1, 4), "int32"),
                keras.KerasTensor((seed.shape[0], 1), "float32"),
                keras.KerasTensor((seed.shape[0], 1, 4, VALUES), "float32"),
            )

    seed = keras.Input((6,))
    model = keras.Model(seed, Search()(seed))
    tokens, scores, alignments = model.predict(chain.seed, batch_size=2, verbose=0)
    direct = beam_search(chain, chain.start(), 0, END, 4, num_beams=3, constants=chain.seed)
    np.testing.assert_array_equal(tokens, to_numpy(direct.tokens))
    np.testing.assert_allclose(scores, to_numpy(direct.scores), atol=1e-5)
    np.testing.assert_allclose(alignments, to_numpy(direct.alignments), atol=1e-5)


def test_scores_and_alignments_of_a_decoder_are_those_of_its_call(generator):
    decoder = AttentionDecoder(keras.layers.LSTMCell(8), CoverageAttention(7))
    embed = keras.layers.Embedding(VOCABULARY, 3, embeddings_initializer="normal")
    readout = keras.layers.Dense(VOCABULARY, kernel_initializer="orthogonal")
    memory = generator.normal(size=(3, VALUES, 6)).astype("float32")
    mask = np.array([[True] * 4, [True] * 2 + [False] * 2, [True] * 3 + [False]])
    decoder([embed(np.zeros((3, 1), "int32")), memory])
    prepared = decoder.prepare(memory, mask)

    def step(tokens, state, prepared):
        (output, _, weights), state = decoder.step(embed(tokens), state, prepared)
        return 3.0 * readout(output), state, weights

    state = decoder.get_initial_state(prepared)
    found = beam_search(step, state, 0, END, 6, num_beams=4, num_hypotheses=2, constants=prepared)
    tokens, lengths, scores, alignments = (to_numpy(part) for part in found)
    for place in range(2):
        said = tokens[:, place]
        before = np.concatenate([np.zeros((3, 1), "int32"), said[:, :-1]], axis=1)
        outputs, weights = decoder(
            [embed(before), memory], mask=[None, mask], return_attention_scores=True
        )
        logs = to_numpy(ops.log_softmax(3.0 * readout(outputs)))
        for example, length in enumerate(lengths[:, place]):
            np.testing.assert_allclose(
                alignments[example, place, :length], to_numpy(weights)[example, :length], atol=1e-5
            )
            total = sum(logs[example, t, said[example, t]] for t in range(length))
            assert scores[example, place] == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 0}, "`num_beams` must be a positive integer"),
        ({"num_beams": 2, "num_hypotheses": 3}, "`num_hypotheses` must not exceed"),
        ({"length_penalty": -1.0}, "`length_penalty` must not be negative"),
        ({"num_beams": True}, "`num_beams` must be a positive integer"),
        ({"memory_mask": np.array(True)}, "`memory_mask` must have a row"),
        ({"memory_mask": np.ones((1, 4), "bool")}, "`memory_mask` must have a row"),
        ({"num_hypotheses": 0}, "`num_hypotheses` must be a positive integer"),
        ({"length_penalty": math.nan}, "`length_penalty` must not be negative"),
        ({"length_penalty": math.inf}, "`length_penalty` must not be negative"),
        ({"coverage_penalty": -0.1}, "`coverage_penalty` must not be negative"),
        ({"coverage_penalty": math.inf}, "`coverage_penalty` must not be negative"),
        ({"max_length": 2.5}, r"`max_length` must be an integer\. Received: max_length=2\.5"),
        ({"min_length": 1.5}, "`min_length` must be an integer"),
        ({"no_repeat_ngram_size": 1.5}, "`no_repeat_ngram_size` must be an integer"),
        ({"max_length": 0}, "`max_length` must be at least 1"),
        ({"min_length": 4}, "`min_length` must be between"),
        ({"no_repeat_ngram_size": -1}, "`no_repeat_ngram_size` must not be negative"),
        ({"suppress_tokens": (END,)}, "`suppress_tokens` must not hold the end"),
        ({"suppress_tokens": (1.5,)}, "`suppress_tokens` must be a tuple of integers"),
    ],
)
def test_numbers_out_of_range_are_refused(generator, options, message):
    with pytest.raises(ValueError, match=message):
        search(Chain(generator), **options)


def test_an_end_outside_of_the_vocabulary_is_refused(generator):
    chain = Chain(generator)
    for end in (7, 1.5):
        with pytest.raises(ValueError, match="`end_id` must be in the vocabulary of 5"):
            beam_search(chain, chain.start(), 0, end, 3, constants=chain.seed)


@pytest.mark.parametrize("suppress_tokens", [(-1, 77), (1, 5)])
def test_suppressed_tokens_must_be_in_the_vocabulary(generator, suppress_tokens):
    message = (
        r"`suppress_tokens` must hold tokens of the vocabulary of 5\. Received: suppress_tokens=\("
    )
    with pytest.raises(ValueError, match=message):
        search(Chain(generator), suppress_tokens=suppress_tokens)


def test_a_coverage_penalty_needs_weights(generator):
    chain = Chain(generator)

    def step(*arguments):
        return chain(*arguments)[:2]

    with pytest.raises(ValueError, match="`coverage_penalty` needs a step function"):
        beam_search(step, chain.start(), 0, END, 3, constants=chain.seed, coverage_penalty=0.2)


@pytest.mark.parametrize(
    "state", [[], {"a": None}, {"a": np.zeros((2, 1)), "b": np.zeros((3, 1))}, 1.0]
)
def test_a_state_of_no_tensors_or_of_two_batches_is_refused(generator, state):
    with pytest.raises(ValueError, match="`state` must hold tensors"):
        beam_search(Chain(generator), state, 0, END, 3)


def test_a_mask_of_another_memory_is_refused(generator):
    for shape in ((2, 1), (2, 1, 4)):
        with pytest.raises(ValueError, match=r"`memory_mask` must have a column.*=\(120, 4\)"):
            search(Chain(generator), coverage_penalty=0.5, memory_mask=np.ones(shape, "bool"))
