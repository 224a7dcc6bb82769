"""How good generated sequences are."""

from keras_attn.metrics.exact_match import ExactMatch
from keras_attn.metrics.perplexity import Perplexity
from keras_attn.metrics.pointing import pointing_accuracy
from keras_attn.metrics.text_scores import TextScore, bleu, rouge
from keras_attn.metrics.token_accuracy import TokenAccuracy

__all__ = [
    "ExactMatch",
    "Perplexity",
    "TextScore",
    "TokenAccuracy",
    "bleu",
    "pointing_accuracy",
    "rouge",
]
