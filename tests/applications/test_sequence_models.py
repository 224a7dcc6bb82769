"""RNNsearch, Luong's models and the encoder-decoder: steps, generated sequences, alignments."""

import keras
import numpy as np
import pytest

from keras_attn import (
    BahdanauAttention,
    CoverageAttention,
    HardAttention,
    LocationAttention,
)
from keras_attn.applications import (
    AttentionSummarizer,
    EncoderDecoder,
    LuongTranslator,
    RNNSearch,
)
from keras_attn.datasets import TextTokenizer
from keras_attn.decoding import Alignment
from tests.backend import BACKEND, flat, inferred, quick, to_numpy
from tests.conformance.case import randomise
from tests.conformance.changes import varied
from tests.conformance.selection import by_id
from tests.conformance.sequence_models import MODELS
from tests.conformance.sequence_variants import VARIANTS

SOURCES = ["ein mann", "ein brauner hund läuft", "zwei hunde"]
TARGETS = ["a man", "a brown dog runs", "two dogs"]


def rnn_search(**arguments):
    sizes = {"units": 6, "embedding_units": 5, "maxout_units": 4, "target_vocabulary": 9}
    return varied(RNNSearch(10, **{**sizes, **arguments}))


@pytest.fixture(scope="module")
def texts():
    tokenizers = [TextTokenizer.train(side, "word") for side in (SOURCES, TARGETS)]
    return varied(RNNSearch(*tokenizers, units=6, embedding_units=5, maxout_units=4))


@by_id([*MODELS, *VARIANTS])
def test_steps_equal_one_call(case):
    model, inputs = case.model(), case.arrays()
    (logits_of_call,) = inferred(model, inputs)

    def step_by_step(source, target):
        state, constants = model.encode(source)
        for step in range(target.shape[1]):
            logits, state, *_ = model.step(target[:, step], state, constants)
            yield logits

    found = quick(model, lambda *tensors: list(step_by_step(*tensors)))
    tensors = [keras.ops.convert_to_tensor(each) for each in inputs.values()]
    words = inputs["target"] != 0  # a model may skip the steps of padding
    found = np.stack(flat(found(*tensors)), axis=1)
    np.testing.assert_allclose(found[words], logits_of_call[words], atol=1e-5)


def test_a_greedy_search_takes_the_most_probable_tokens():
    model = rnn_search()
    source = [6, 7, 8]
    (output,) = model.generate([source], max_length=6)
    assert len(set(output)) > 1
    ids = [1]
    for _ in range(6):
        # Of one length, to be compiled once; later tokens have no effect.
        target = np.array([ids + [0] * (6 - len(ids))])
        (logits,) = inferred(model, {"source": np.array([[*source, 2]]), "target": target})
        last = logits[0, len(ids) - 1]
        last[[0, 1]] = -np.inf
        ids.append(int(np.argmax(last)))
        if ids[-1] == 2:
            break
    assert output == [token for token in ids[1:] if token != 2]


def test_results_do_not_depend_on_the_batch_size():
    model = rnn_search()
    generator = np.random.default_rng(1)
    sources = [generator.integers(4, 10, length).tolist() for length in (3, 12, 1, 7, 3)]
    together, alignments = model.generate(sources, max_length=5, return_alignments=True)
    pairs = model.generate(sources, max_length=5, batch_size=2)
    assert together == pairs
    assert len(set(map(tuple, together))) > 2
    for source, output, alignment in zip(sources, together, alignments, strict=True):
        assert alignment.source == [*source, 2]
        assert alignment.target[: len(output)] == output
        np.testing.assert_allclose(alignment.weights.sum(-1), 1.0, atol=1e-5)


def test_rows_of_an_array_may_be_padded():
    model = rnn_search()
    plain = model.generate([[6, 7, 8], [6]], max_length=4)
    assert plain[0] != plain[1]
    assert model.generate(np.array([[6, 7, 8, 2], [6, 2, 0, 0]]), max_length=4) == plain


def test_rows_may_have_their_start_and_end():
    model = rnn_search()
    given, bare = [[1, 5, 6, 2, 0], [1, 7, 2, 0, 0]], [[5, 6], [7]]
    for one, other in zip(model.align(given, given), model.align(bare, bare), strict=True):
        assert (one.source, one.target) == (other.source, other.target)
        np.testing.assert_array_equal(one.weights, other.weights)


def test_several_hypotheses_and_samples(texts):
    best = texts.generate(SOURCES, search="beam", num_beams=4, num_hypotheses=3, max_length=6)
    assert [len(each) for each in best] == [3, 3, 3]
    assert len(set(best[0])) == 3
    drawn = texts.generate(SOURCES, search="sample", num_samples=2, seed=1, max_length=6)
    assert drawn == texts.generate(SOURCES, search="sample", num_samples=2, seed=1, max_length=6)
    assert drawn != texts.generate(SOURCES, search="sample", num_samples=2, seed=2, max_length=6)
    assert isinstance(drawn[0][0], str)
    # Batches of one call draw different numbers.
    alone = texts.generate(SOURCES[:1] * 8, search="sample", seed=1, batch_size=2, max_length=6)
    assert len(set(alone[::2])) > 1


def test_missing_hypotheses_are_left_out():
    found, alignments = rnn_search(target_vocabulary=4).generate(
        [[5, 6]], max_length=1, search="beam", num_beams=5, num_hypotheses=5, return_alignments=True
    )
    assert sorted(found[0]) == [[], [3]]
    assert len(alignments[0]) == 2


def test_suppressed_tokens_are_added_to_padding_and_start():
    model = rnn_search()
    model.logits.bias.assign(np.array([9.0, 9, -9, 9, 0, 0, 0, 0, 0]))
    assert set(model.generate([[5]], max_length=5)[0]) == {3}
    for tokens in ((3,), {3}, np.array([3])):
        assert not {0, 1, 3} & set(model.generate([[5]], max_length=5, suppress_tokens=tokens)[0])


def test_sequences_without_an_end_are_cut():
    model = rnn_search()
    model.logits.bias.assign(np.eye(9)[5] * 9.0)
    # By default twice the length of the source, which is padded to 16, plus ten.
    assert model.generate([[5, 6]]) == [[5] * 42]
    assert model.generate([[5, 6]], max_length=7) == [[5] * 7]


def test_a_tokenizer_of_the_source_alone_gives_integers(texts):
    model = RNNSearch(texts.source_vocabulary, 9, units=6, embedding_units=5, maxout_units=4)
    assert all(isinstance(token, int) for token in model.generate(["ein mann"], max_length=4)[0])


def test_a_file_holds_the_model_and_its_tokenizers(texts, tmp_path):
    texts.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert again.generate(SOURCES, max_length=6) == texts.generate(SOURCES, max_length=6)


def test_alignments_hold_words(texts):
    outputs, alignments = texts.generate(SOURCES, max_length=6, return_alignments=True)
    assert alignments[1].source == ["ein", "brauner", "hund", "läuft", "</s>"]
    assert "".join(alignments[1].target).startswith(outputs[1].replace(" ", ""))
    given = texts.align(SOURCES, TARGETS)[1]
    assert given.target == ["a", "brown", "dog", "runs", "</s>"]
    assert given.weights.shape == (5, 5)


def test_unknown_words_are_replaced_by_the_source_words_with_the_largest_weights(texts):
    model = RNNSearch.from_config(texts.get_config())
    model.set_weights(texts.get_weights())
    bias = np.zeros(model.target_vocabulary.vocabulary_size)
    bias[model.target_vocabulary.unknown] = 100.0
    model.logits.bias.assign(bias)
    assert model.generate(["zwei hunde"], max_length=2) == ["<unk> <unk>"]
    (output,), (alignment,) = model.generate(
        ["Zwei fremde"], max_length=2, replace_unknown=True, return_alignments=True
    )
    assert alignment.source == ["Zwei", "fremde", "</s>"]  # also unknown words
    best = [alignment.source[place] for place in np.argmax(alignment.weights[:, :-1], axis=-1)]
    assert output == " ".join(best)
    # The end of a source replaces no word.
    model.set_weights([0 * weight for weight in model.get_weights()])
    model.logits.bias.assign(bias)
    assert model.generate(["zwei", ""], max_length=2, replace_unknown=True) == [
        "zwei zwei",
        "<unk> <unk>",
    ]


def test_text_that_looks_like_the_unknown_token_is_not_replaced():
    target = TextTokenizer.train(["a < unk > b"], "character")
    source = TextTokenizer.train(["ein wort"], "word")
    model = RNNSearch(source, target, units=6, embedding_units=5, maxout_units=4)
    ids = [target.unknown, *target.encode(["<unk>"])[0], target.unknown]
    weights = np.eye(2)[[0, 1, 1, 1, 1, 1, 1]]
    alignment = Alignment(
        ["ein", "wort", "</s>"], target.tokens(ids), np.c_[weights, weights[:, 0]]
    )
    assert len(ids) == 7
    assert model._without_unknown(ids, alignment) == "ein<unk>wort"
    assert model.generate([], replace_unknown=True) == []


@pytest.mark.parametrize("length", [9, 17])
def test_sources_are_limited_to_the_length_of_location_attention(length):
    model = rnn_search(attention=LocationAttention(17))
    source = [5] * (length - 1)
    assert len(model.generate([source], max_length=3)) == 1
    (alignment,) = model.align([source], [[4, 5]])
    assert alignment.weights.shape == (3, length)
    with pytest.raises(ValueError, match=r"`inputs` must have at most 17 tokens .*: 18"):
        model.generate([[5] * 17], max_length=3)


@pytest.mark.parametrize("kind", ["RNNSearch", "LuongTranslator", "EncoderDecoder"])
def test_sequences_of_no_steps(kind):
    models = {
        "RNNSearch": rnn_search,
        "LuongTranslator": lambda: randomise(LuongTranslator(10, 9, 6, num_layers=2)),
        "EncoderDecoder": lambda: randomise(EncoderDecoder(10, 9, 6, 5, 4)),
    }
    model = models[kind]()
    for source, target in ((0, 3), (4, 0), (0, 0)):
        logits = to_numpy(model({"source": np.ones((2, source)), "target": np.ones((2, target))}))
        assert logits.shape == (2, target, 9)
        assert np.all(np.isfinite(logits))


def test_bad_arguments_are_refused(texts):
    model = rnn_search()
    with pytest.raises(ValueError, match=r"`search` must be one of .*'best'"):
        model.generate([[5]], search="best")
    with pytest.raises(ValueError, match="`inputs` must be lists of integers"):
        model.generate(["ein mann"])
    with pytest.raises(ValueError, match="`inputs` must be a list of strings"):
        texts.generate("ein mann")
    with pytest.raises(ValueError, match=r"`inputs` must be a list of strings.*inputs\[1\]=None"):
        texts.generate(["ein mann", None])
    with pytest.raises(ValueError, match=r"`targets` must be a list of strings.*targets\[0\]=None"):
        texts.align(["ein mann", "ein hund"], [None, "a dog"])
    for outside in (10, -3):
        with pytest.raises(ValueError, match=rf"`inputs` must lie .* of 10 .*: {outside}"):
            model.generate([[4, outside]])
    for wrong in ([4, 5], ["ein", [4]], [[4.5]]):
        with pytest.raises(ValueError, match="`inputs` must be lists of integers"):
            model.generate(wrong)
    with pytest.raises(
        ValueError, match=r"`num_beams` is no option of search='greedy'.*num_beams=3"
    ):
        model.generate([[4]], num_beams=3)
    for name, value in (("batch_size", 0), ("max_length", 2.5), ("max_length", 0)):
        with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
            model.generate([[4]], **{name: value})
    with pytest.raises(ValueError, match=r"`seed` must be in 0\.\.2\*\*32 - 1"):
        model.generate([[4]], search="sample", seed=2**33)
    with pytest.raises(ValueError, match="`sources` and `targets` must be equally many"):
        model.align([[5], [6]], [[4]])
    learns_otherwise = HardAttention(BahdanauAttention(4), "reinforce")
    for make in (rnn_search, lambda **given: LuongTranslator(10, 9, 6, **given)):
        with pytest.raises(ValueError, match='`attention` must not be of estimator="reinforce"'):
            make(attention=learns_otherwise)
    for kind in (RNNSearch, LuongTranslator, AttentionSummarizer):
        with pytest.raises(ValueError, match="`attention` must be an alignment layer"):
            kind(10, 9, attention=keras.layers.Attention())
    with pytest.raises(ValueError, match="`scheduled_sampling` needs attention"):
        LuongTranslator(10, 9, 6, score=None, scheduled_sampling=True)
    with pytest.raises(ValueError, match="`attention` must remember nothing"):
        AttentionSummarizer(10, 9, 5, 6, attention=CoverageAttention(4))
    with pytest.raises(ValueError, match=r"`targets` must lie below the vocabulary of 9 .*: 9"):
        model.align([[4]], [[9]])
    with pytest.raises(ValueError, match="`replace_unknown` needs strings"):
        model.generate([[5]], replace_unknown=True)
    plain = EncoderDecoder(10, 9, 6, 5, 4)
    with pytest.raises(ValueError, match=r"`return_alignments` needs a model with attention"):
        plain.generate([[5]], return_alignments=True)
    with pytest.raises(ValueError, match="`align` needs a model with attention"):
        plain.align([[5]], [[5]])
    assert model.generate([]) == []
    assert len(texts.generate([""], max_length=3)) == 1


def test_partial_batches_are_padded_on_compiling_backends_only(monkeypatch):
    model, batch_sizes = rnn_search(), []
    found = model._found

    def counting(batch, *more):
        batch_sizes.append(len(batch))
        return found(batch, *more)

    monkeypatch.setattr(model, "_found", counting)
    for count in (1, 3, 5):
        model.generate([[7, 8]] * count, max_length=2, batch_size=5)
    assert batch_sizes == ([1, 3, 5] if BACKEND in ("torch", "numpy") else [1, 4, 5])


@pytest.mark.parametrize("wrapper", [None, HardAttention])
def test_sources_are_padded_to_the_limit_of_the_attention(wrapper):
    attention = LocationAttention(max_length=10)
    model = rnn_search(attention=wrapper(attention) if wrapper else attention)
    texts = model.generate([[6, 7, 8], [6] * 9], max_length=4, min_length=4)
    assert all(texts)
    with pytest.raises(ValueError, match=r"at most 10 tokens including the end.*Received: 11"):
        model.generate([[6] * 10], max_length=4)
