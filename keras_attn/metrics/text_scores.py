"""Scores of generated texts, by the libraries whose figures papers report."""

import importlib
import importlib.metadata
import itertools
import re
import unicodedata
from typing import NamedTuple

from keras_attn.layers.arguments import check_list, list_of_strings

KINDS = re.compile("rouge([1-9]|L|Lsum)")


class TextScore(NamedTuple):
    """A score, and how it was computed.

    Args:
        score: in percent.
        signature: all that the figure depends on, to be printed beside it.

    Example:

    >>> keras_attn.metrics.TextScore(28.3, "BLEU").score
    28.3
    """

    score: float
    signature: str


def bleu(hypotheses, references, lowercase=False, tokenize="13a"):
    """Corpus BLEU by sacrebleu, `BP exp(Σ_{n≤4} log p_n / 4)`, in percent.

    Args:
        hypotheses: strings, detokenised.
        references: strings, one for each hypothesis; or lists of them, for several references.
        lowercase: whether upper and lower case are the same.
        tokenize: sacrebleu's tokeniser: `"13a"`, `"intl"`, `"char"`, `"none"` and others.

    Returns:
        `TextScore` with sacrebleu's signature.

    Raises:
        ValueError: If the lists are not of strings, of different lengths, or empty.
        ImportError: where sacrebleu is not installed.

    Example:

    >>> found = keras_attn.metrics.bleu(["a man rides a horse"], ["a man rides a horse"])
    >>> round(found.score, 1)
    100.0

    Reference:
        Post, "A Call for Clarity in Reporting BLEU Scores", 2018, https://aclanthology.org/W18-6319
    """
    references = _references(hypotheses, references)
    sacrebleu = _library("sacrebleu")
    if tokenize is not None and tokenize not in tuple(sacrebleu.BLEU.TOKENIZERS):
        raise ValueError(
            f"`tokenize` must be one of {tuple(sacrebleu.BLEU.TOKENIZERS)}. "
            f"Received: tokenize={tokenize!r}"
        )
    metric = sacrebleu.BLEU(lowercase=lowercase, tokenize=tokenize)
    most = max(map(len, references))
    streams = [
        [each[place] if place < len(each) else None for each in references] for place in range(most)
    ]
    found = metric.corpus_score(list(hypotheses), streams)
    return TextScore(found.score, f"BLEU|{metric.get_signature()}")


def rouge(hypotheses, references, kinds=("rouge1", "rouge2", "rougeL"), stem=True):
    """ROUGE by Google's rouge-score: mean recall and F1 over the texts, in percent.

    DUC-2004 is reported in recall at 75 bytes, newer work in F1. The library takes words of a to z
    and digits, and drops all other letters. Here the letters and digits of scripts other than Latin
    are words, too; so that figures stay those of the library, Latin letters with accents are not.
    Scripts without spaces, as Chinese is written, must be split into words before.

    Args:
        hypotheses: strings.
        references: strings, one for each hypothesis; or lists of them, of which the one counts
            that gives the most, for each figure by itself.
        kinds: of `"rouge1"` to `"rouge9"`, `"rougeL"` and `"rougeLsum"`.
        stem: whether words are reduced to their stems, those of a to z.

    Returns:
        A dictionary: for each kind two `TextScore`s, `"rouge1_recall"` and `"rouge1_f1"`.

    Raises:
        ValueError: If the lists are not of strings, of different lengths, or empty.
        ImportError: where rouge-score is not installed.

    Example:

    >>> found = keras_attn.metrics.rouge(["the cat"], ["the black cat"], kinds=("rouge1",))
    >>> round(found["rouge1_recall"].score, 1), round(found["rouge1_f1"].score, 1)
    (66.7, 80.0)

    Reference:
        Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004,
        https://aclanthology.org/W04-1013
    """
    references = _references(hypotheses, references)
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if not isinstance(kinds, (tuple, list)) or not all(
        isinstance(kind, str) and KINDS.fullmatch(kind) for kind in kinds
    ):
        raise ValueError(
            '`kinds` must be of "rouge1" to "rouge9", "rougeL" and "rougeLsum". '
            f"Received: kinds={kinds!r}"
        )
    rouge_score = _library("rouge_score.rouge_scorer", "rouge-score")
    words = _library("rouge_score.tokenizers", "rouge-score").DefaultTokenizer(stem)
    scorer = rouge_score.RougeScorer(list(kinds), tokenizer=_EveryScript(words))
    found = [
        [scorer.score(reference, text) for reference in each]
        for text, each in zip(hypotheses, references, strict=True)
    ]
    version = importlib.metadata.version("rouge-score")
    signature = (
        f"ROUGE|stem:{'yes' if stem else 'no'}|scripts:all|refs:best|mean|rouge-score:{version}"
    )
    return {
        f"{kind}_{name}": TextScore(
            100
            * sum(max(getattr(one[kind], field) for one in each) for each in found)
            / len(found),
            signature,
        )
        for kind in kinds
        for name, field in (("recall", "recall"), ("f1", "fmeasure"))
    }


class _EveryScript:
    """The words of a tokenizer, and between them those of scripts that it drops.

    Args:
        latin: the tokenizer.
    """

    def __init__(self, latin):
        self.latin = latin

    def tokenize(self, text):
        text = text.lower()
        pieces = itertools.groupby(zip(_in_other_scripts(text), text, strict=True), lambda p: p[0])
        words = []
        for other, pairs in pieces:
            piece = "".join(character for _, character in pairs)
            words += [piece] if other else self.latin.tokenize(piece)
        return words


def _in_other_scripts(text):
    """For each character whether it belongs to a word of a script other than Latin."""
    inside = False
    for character in text:
        category = unicodedata.category(character)
        # Vowel signs and joiners belong to the letter before them.
        if not (category.startswith("M") or character in "\u200c\u200d"):
            inside = (
                (category.startswith("L") or category == "Nd")
                # Below are Latin letters, those of phonetics, and letters that serve as marks.
                and character >= "\u0370"
                and "LATIN" not in unicodedata.name(character, "")
            )
        yield inside


def _references(hypotheses, references):
    """References as lists of strings, one list for each hypothesis."""
    list_of_strings("hypotheses", hypotheses)
    check_list("hypotheses", hypotheses, "a list of strings")
    check_list("references", references, "a list of strings")
    if len(hypotheses) != len(references) or not len(hypotheses):
        raise ValueError(
            "`hypotheses` and `references` must be equally many, at least one. "
            f"Received: {len(hypotheses)} and {len(references)}"
        )
    lists = [
        list_of_strings("references", each if isinstance(each, (list, tuple)) else [each])
        for each in references
    ]
    if not all(lists):
        raise ValueError(
            "`references` must hold at least one for each hypothesis. Received: an empty list"
        )
    return lists


def _library(name, package=None):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'this score needs {package or name}: pip install "keras-attn[text]"'
        ) from error
