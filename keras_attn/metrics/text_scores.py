"""Scores of generated texts, by the libraries whose figures papers report."""

import importlib
import importlib.metadata
from typing import NamedTuple


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
        ValueError: for lists of different lengths, or no hypothesis.
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
    metric = sacrebleu.BLEU(lowercase=lowercase, tokenize=tokenize)
    most = max(map(len, references))
    streams = [
        [each[place] if place < len(each) else None for each in references] for place in range(most)
    ]
    found = metric.corpus_score(list(hypotheses), streams)
    return TextScore(found.score, f"BLEU|{metric.get_signature()}")


def rouge(hypotheses, references, kinds=("rouge1", "rouge2", "rougeL"), stem=True):
    """ROUGE by Google's rouge-score: mean recall and F1 over the texts, in percent.

    It takes the words of English and drops all other letters. DUC-2004 is reported in recall at 75
    bytes, newer work in F1.

    Args:
        hypotheses: strings.
        references: strings, one for each hypothesis; or lists of them, of which the one counts
            that gives the most, for each figure by itself.
        kinds: of `"rouge1"` to `"rouge9"`, `"rougeL"` and `"rougeLsum"`.
        stem: whether words are reduced to their stems.

    Returns:
        A dictionary: for each kind two `TextScore`s, `"rouge1_recall"` and `"rouge1_f1"`.

    Raises:
        ValueError: for lists of different lengths, or no hypothesis.
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
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    rouge_score = _library("rouge_score.rouge_scorer", "rouge-score")
    scorer = rouge_score.RougeScorer(list(kinds), use_stemmer=stem)
    found = [
        [scorer.score(reference, text) for reference in each]
        for text, each in zip(hypotheses, references, strict=True)
    ]
    version = importlib.metadata.version("rouge-score")
    signature = f"ROUGE|stem:{'yes' if stem else 'no'}|refs:best|mean|rouge-score:{version}"
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


def _references(hypotheses, references):
    """References as lists of strings, one list for each hypothesis."""
    for name, texts in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(texts, str):
            raise ValueError(f"`{name}` must be a list of strings. Received: {texts!r}")
    if len(hypotheses) != len(references) or not len(hypotheses):
        raise ValueError(
            "`hypotheses` and `references` must be equally many, at least one. "
            f"Received: {len(hypotheses)} and {len(references)}"
        )
    lists = [[each] if isinstance(each, str) else list(each) for each in references]
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
