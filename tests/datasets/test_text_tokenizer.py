"""Text to integers and back."""

import json
import subprocess
import sys
import unicodedata

import keras
import pytest

from keras_attn.datasets import TextTokenizer

pytestmark = pytest.mark.once

TEXTS = [
    "Ein Mann, der ein T-Shirt trägt.",
    "Zwei Hunde spielen im Schnee!",
    "Ein Hund (braun) läuft; der Mann sieht zu...",
]


@pytest.mark.parametrize("unit", ["word", "bpe", "character"])
def test_text_comes_back_as_it_was(unit):
    tokenizer = TextTokenizer.train(TEXTS, unit)
    ids = tokenizer.encode(TEXTS)
    assert tokenizer.decode(ids) == TEXTS
    assert min(min(each) for each in ids) > tokenizer.unknown
    assert max(max(each) for each in ids) < tokenizer.vocabulary_size


def test_words_and_punctuation_stand_alone():
    tokenizer = TextTokenizer.train(TEXTS, "word")
    tokens = tokenizer.tokens(tokenizer.encode(TEXTS)[0])
    assert tokens == ["Ein", "Mann", ",", "der", "ein", "T", "-", "Shirt", "trägt", "."]


WHITE_SPACE = ["\n", "\t", "\r\n", "\v", "\x1c", "\x85", "\u00a0", "\u2003", "\u2028", "  ", " \n"]


@pytest.mark.parametrize("space", WHITE_SPACE)
@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_words_are_split_at_all_white_space(unit, space):
    plain = TextTokenizer.train(["the cat sat", "the dog ran"], unit)
    text = f"{space}the cat{space}sat{space}"
    assert text.split() == ["the", "cat", "sat"]
    assert plain.encode([text]) == plain.encode(["the cat sat"])
    assert plain.split([text]) == plain.split(["the cat sat"])
    assert plain.decode(plain.encode([text])) == ["the cat sat"]
    spaced = TextTokenizer.train([f"the{space}cat{space}sat", f"the{space}dog ran"], unit)
    assert spaced.tokenizer.get_vocab() == plain.tokenizer.get_vocab()


def test_character_units_keep_white_space():
    tokenizer = TextTokenizer.train(["a\n\nb\t c"], "character")
    ids = tokenizer.encode(["a\n\nb"])
    assert tokenizer.tokens(ids[0]) == ["a", "\n", "\n", "b"]


def test_special_tokens_end_and_pad():
    tokenizer = TextTokenizer.train(TEXTS, "word")
    first = tokenizer.encode(TEXTS[1:2])[0]
    noisy = [tokenizer.start_id, *first, tokenizer.end_id, *first, tokenizer.pad_id]
    assert tokenizer.decode([noisy, [], [tokenizer.end_id]]) == [TEXTS[1], "", ""]


def test_unknown_words_are_marked():
    tokenizer = TextTokenizer.train(TEXTS, "word")
    ids = tokenizer.encode(["Ein Elefant läuft"])
    assert ids[0][1] == tokenizer.unknown
    assert tokenizer.decode(ids) == ["Ein <unk> läuft"]
    assert tokenizer.split(["Ein Elefant läuft"]) == [["Ein", "Elefant", "läuft"]]
    # Pieces of words know every word of known letters.
    pieces = TextTokenizer.train(TEXTS, "bpe")
    assert pieces.decode(pieces.encode(["Ein Traum"])) == ["Ein Traum"]


def test_unknown_letters_are_marked_in_their_places():
    for unit, text in (("character", "Qin"), ("bpe", "Ein Qein.")):
        tokenizer = TextTokenizer.train(TEXTS, unit)
        found = tokenizer.decode(tokenizer.encode([text]))[0]
        assert found == text.replace("Q", "<unk>")


def test_names_of_special_tokens_in_a_text_are_text():
    tokenizer = TextTokenizer.train(TEXTS, "word")
    ids = tokenizer.encode(["Ein <pad> Mann </s> Hund"])[0]
    assert not {tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id} & set(ids)


def test_split_gives_the_text_of_each_token():
    tokenizer = TextTokenizer.train(["x.y", "Fremd", "caf\u00e9"], "bpe")
    for text in ("x.y", "Fremd", "cafe\u0301"):
        pieces = tokenizer.split([text])[0]
        assert len(pieces) == len(tokenizer.encode([text])[0])
        assert "".join(pieces) == unicodedata.normalize("NFC", text)


def test_integers_beyond_the_vocabulary_are_unknown():
    tokenizer = TextTokenizer.train(TEXTS, "word")
    (hund,) = tokenizer.encode(["Hund"])[0]
    assert tokenizer.tokens([hund, 1000]) == ["Hund", "<unk>"]
    assert tokenizer.decode([[hund, 1000, hund]]) == ["Hund <unk> Hund"]


def test_split_keeps_spaces_that_are_characters():
    tokenizer = TextTokenizer.train(["a b"], "character")
    assert tokenizer.split(["a  b"]) == [["a", " ", " ", "b"]]


def test_padding_and_templates_of_a_custom_tokenizer_are_ignored():
    import tokenizers

    own = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = tokenizers.decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    own.train_from_iterator(TEXTS, tokenizers.trainers.BpeTrainer(special_tokens=special))
    own.enable_padding(length=50)
    own.enable_truncation(2)
    own.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    tokenizer = TextTokenizer(own)
    ids = tokenizer.encode(TEXTS)
    assert min(map(min, ids)) > tokenizer.unknown
    assert tokenizer.decode([[*each, 2, 5] for each in ids]) == TEXTS
    assert tokenizer.decode([[1, *each, 0, 0] for each in ids]) == TEXTS


def test_frequency_size_and_case():
    rare = TextTokenizer.train(TEXTS, "word", min_frequency=2, lowercase=True)
    assert rare.decode(rare.encode(["EIN Hund"])) == ["ein <unk>"]
    assert TextTokenizer.train(TEXTS, "bpe", vocabulary_size=30).vocabulary_size == 30


def test_other_scripts_and_normal_forms():
    words = ["हिन्दी", "अंकित"]
    tokenizer = TextTokenizer.train(words, "character")
    assert tokenizer.decode(tokenizer.encode(words)) == words
    # The letter with its accent in one sign, and in two.
    tokenizer = TextTokenizer.train(["caf\u00e9"], "character")
    assert tokenizer.encode(["cafe\u0301"]) == tokenizer.encode(["caf\u00e9"])


def test_the_config_holds_the_vocabulary():
    tokenizer = TextTokenizer.train(TEXTS, "bpe")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    again = keras.saving.deserialize_keras_object(config)
    assert again.encode(TEXTS) == tokenizer.encode(TEXTS)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`unit` must be one of .* unit='sentence'"):
        TextTokenizer.train(TEXTS, "sentence")
    with pytest.raises(ValueError, match=r"`vocabulary_size` must be more than 4.*=4"):
        TextTokenizer.train(TEXTS, vocabulary_size=4)
    with pytest.raises(ValueError, match=r"`texts` must be a list of strings.*'abc'"):
        TextTokenizer.train(TEXTS).encode("abc")
    with pytest.raises(ValueError, match=r"`texts` must be a list of strings.*'abc'"):
        TextTokenizer.train(TEXTS).split("abc")
    with pytest.raises(ValueError, match=r"`texts` must be a list of strings.*'the cat sat'"):
        TextTokenizer.train("the cat sat")
    with pytest.raises(ValueError, match=r"`texts` must be a list of strings.*texts\[1\]=None"):
        TextTokenizer.train(each for each in ["the cat sat", None])
    for wrong in (None, ["a", None], [["a", "b"]], [b"a"]):
        with pytest.raises(ValueError, match="`texts` must be a list of strings"):
            TextTokenizer.train(TEXTS).encode(wrong)
    import tokenizers

    other = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0}, unk_token="a"))
    with pytest.raises(ValueError, match=r"`tokenizer` must have .*<pad>"):
        TextTokenizer(other)


def test_the_library_is_optional():
    code = (
        "import sys; sys.modules['tokenizers'] = None; import keras_attn\n"
        "try: keras_attn.datasets.TextTokenizer.train(['a'])\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "keras-attn[text]"' in done.stdout, done.stderr[-2000:]


def test_unknown_words_of_a_custom_tokenizer_are_marked():
    import tokenizers

    own = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="<unk>"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    own.decoder = tokenizers.decoders.Metaspace()
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    own.train_from_iterator(TEXTS, tokenizers.trainers.WordLevelTrainer(special_tokens=special))
    tokenizer = TextTokenizer(own)
    first, *_ = TEXTS[0].split()
    assert tokenizer.decode([[1, *tokenizer.encode([f"{first} never"])[0], 0, 2, 5]]) == [
        f"{first}<unk>"
    ]
