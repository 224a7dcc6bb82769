"""Metrics of generated sequences and answers."""

from keras_attn.metrics.bit_error import BitError
from keras_attn.metrics.bits_per_sequence import BitsPerSequence
from keras_attn.metrics.exact_match import ExactMatch
from keras_attn.metrics.perplexity import Perplexity
from keras_attn.metrics.pointing import pointing_accuracy
from keras_attn.metrics.sequence_error import SequenceError
from keras_attn.metrics.text_scores import TextScore, bleu, rouge
from keras_attn.metrics.token_accuracy import TokenAccuracy

__all__ = [
    "BitError",
    "BitsPerSequence",
    "ExactMatch",
    "Perplexity",
    "SequenceError",
    "TextScore",
    "TokenAccuracy",
    "bleu",
    "pointing_accuracy",
    "rouge",
]
