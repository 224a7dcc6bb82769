"""Real digits, digits drawn from fonts, and their distortions, as NumPy arrays."""

from keras_attn.datasets.co_localization import co_localization
from keras_attn.datasets.digit_pairs import digit_pairs
from keras_attn.datasets.digit_sequences import digit_sequences
from keras_attn.datasets.distorted_digits import DistortedDigits
from keras_attn.datasets.distortions import (
    cluttered,
    distort,
    elastically_warped,
    projected,
    rotated,
    rotated_scaled_translated,
    translated,
)
from keras_attn.datasets.glyph_digits import glyph_digits
from keras_attn.datasets.mnist import mnist

__all__ = [
    "DistortedDigits",
    "cluttered",
    "co_localization",
    "digit_pairs",
    "digit_sequences",
    "distort",
    "elastically_warped",
    "glyph_digits",
    "mnist",
    "projected",
    "rotated",
    "rotated_scaled_translated",
    "translated",
]
