"""BLEU and ROUGE by hand, of other scripts, and refusals."""

import pytest

from keras_attn.metrics import bleu, rouge
from keras_attn.metrics.text_scores import _EveryScript

pytestmark = pytest.mark.once


def test_bleu_by_hand():
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples; as long as the reference.
    found = bleu(["a man rides a brown horse"], ["a man rides a big horse"])
    assert found.score == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)
    assert "tok:13a" in found.signature
    assert "case:mixed" in found.signature


def test_case_and_several_references():
    assert bleu(["A MAN RIDES A HORSE"], ["a man rides a horse"], lowercase=True).score > 99
    assert bleu(["A MAN RIDES A HORSE"], ["a man rides a horse"]).score < 50
    several = [
        ["a man on a horse", "someone rides a horse today", "a man rides a horse"],
        ["dogs run here now"],
    ]
    assert bleu(["a man rides a horse", "dogs run here now"], several).score == pytest.approx(100)


def test_bleu_of_a_published_fixture(data_folder):
    folder = data_folder / "reference" / "tf_nmt_testdata"
    output, reference = (
        (folder / name).read_text(encoding="utf-8").splitlines()
        for name in ("deen_output", "deen_ref_bpe")
    )
    plain = [line.replace("@@ ", "") for line in reference]
    assert bleu(output, plain, tokenize="none").score == pytest.approx(22.5855, abs=1e-3)


def test_rouge_by_hand():
    found = rouge(["police kill the gunman"], ["police killed the gunman"], ("rouge1", "rouge2"))
    assert found["rouge1_f1"].score == pytest.approx(100)  # by their stems
    plain = rouge(["police kill the gunman"], ["police killed the big gunman"], ("rouge2",), False)
    assert plain["rouge2_recall"].score == 0
    # Each figure by the reference that gives the most of it.
    several = [["a b c d e", "a b"]]
    best = rouge(["a b c x y z u v w"], several, "rouge1", stem=False)
    assert best["rouge1_recall"].score == pytest.approx(100)
    assert best["rouge1_f1"].score == pytest.approx(100 * 2 * 3 / (9 + 5))
    assert "rouge-score:" in best["rouge1_f1"].signature
    plain = rouge(["the gunman"], ["police kill the gunman"], ("rouge1", "rougeL"), False)
    assert plain["rouge1_recall"].score == pytest.approx(50)
    assert plain["rougeL_f1"].score == pytest.approx(100 * 2 / 3)


def test_rouge_of_hindi_by_hand():
    hindi = "एक आदमी घोड़े पर सवार है।"
    found = rouge([hindi], [hindi])
    assert [score.score for score in found.values()] == pytest.approx([100] * 6)
    # 4 of 5 words and 2 of 4 pairs; vowel signs belong to their words.
    found = rouge(["एक औरत घोड़े पर सवार"], ["एक आदमी घोड़े पर सवार है"])
    assert found["rouge1_recall"].score == pytest.approx(100 * 4 / 6)
    assert found["rouge1_f1"].score == pytest.approx(100 * 8 / 11)
    assert found["rouge2_recall"].score == pytest.approx(100 * 2 / 5)
    assert found["rougeL_f1"].score == pytest.approx(100 * 8 / 11)
    assert "scripts:all" in found["rougeL_f1"].signature
    assert rouge(["एक आदमी"], ["दो औरतें"], "rouge1")["rouge1_f1"].score == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Привет, МИР! 3 кота", ["привет", "мир", "3", "кота"]),
        ("कोविड-19 के ५ मामले।", ["कोविड", "19", "के", "५", "मामले"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("the word λόγος means word", ["the", "word", "λόγος", "means", "word"]),
    ],
)
def test_words_of_other_scripts(text, words):
    tokenizers = pytest.importorskip("rouge_score.tokenizers")
    assert _EveryScript(tokenizers.DefaultTokenizer()).tokenize(text) == words


@pytest.mark.parametrize("stem", [True, False])
def test_words_of_latin_letters_are_those_of_rouge_score(stem):
    plain = pytest.importorskip("rouge_score.tokenizers").DefaultTokenizer(stem)
    for text in (
        "Police KILLED the gunman; 3,000 people were watching (U.S.).\n",
        "A café's naïve façade – “don’t” donʼt donˈt, cafe\u0301 ½ x² µ-law №5 €9",
        "Zażółć gęślą jaźń, ﬁne Ｆｕｌｌ Việt İstanbul",
        "",
    ):
        assert _EveryScript(plain).tokenize(text) == plain.tokenize(text)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="equally many"):
        bleu(["a"], [])
    with pytest.raises(ValueError, match="at least one"):
        rouge([], [])
    with pytest.raises(ValueError, match="`hypotheses` must be a list of strings"):
        bleu("abc", "abc")
    for score in (bleu, rouge):
        with pytest.raises(ValueError, match="`references` must be a list of strings"):
            score(["abc"], "a")
        for wrong in ([None], [["a", None]], [3]):
            with pytest.raises(ValueError, match=r"`references` must be a list of strings"):
                score(["a"], wrong)
        with pytest.raises(ValueError, match=r"`hypotheses` must be .*hypotheses\[1\]=None"):
            score(["a", None], ["a", "b"])


@pytest.mark.parametrize("space", ["\n", "\t", "\u00a0"])
def test_words_are_split_at_all_white_space(space):
    text, reference = f"the black{space}cat sat", "the black cat sat"
    assert round(bleu([text], [reference]).score, 1) == 100.0
    found = rouge([text], [reference])
    assert round(found["rouge2_f1"].score, 1) == 100.0
    with pytest.raises(ValueError, match="an empty list"):
        bleu(["a"], [[]])


def test_rouge_is_the_mean_over_the_texts():
    # A recall of 1/2 and of 1/4; F1 of 2/3 and of 1/3.
    texts, references = ["b", "c x"], ["a b", "c d e f"]
    found = rouge(texts, references, ["rouge1"], stem=False)
    assert found["rouge1_recall"].score == pytest.approx(100 * (1 / 2 + 1 / 4) / 2)
    assert found["rouge1_f1"].score == pytest.approx(100 * (2 / 3 + 1 / 3) / 2)
    assert "stem:no" in found["rouge1_f1"].signature
    assert "stem:yes" in rouge(texts, references)["rouge1_f1"].signature
    # Tuples hold several references, too.
    several = rouge(texts, [("a", "a b"), ["c d e f"]], "rouge1")
    assert several["rouge1_recall"].score == pytest.approx(100 * (1 / 2 + 1 / 4) / 2)


def test_the_tokenizer_of_bleu_has_an_effect():
    text, reference = ["a man, a dog and a horse"], ["a man , a dog and a horse"]
    assert bleu(text, reference).score == pytest.approx(100)
    assert bleu(text, reference, tokenize="none").score < 90
    characters = bleu(text, reference, tokenize="char")
    assert "tok:char" in characters.signature
    for kind in ("rouge0", "rouge10", "bleu"):
        with pytest.raises(ValueError, match="`kinds` must be of"):
            rouge(text, reference, kind)
