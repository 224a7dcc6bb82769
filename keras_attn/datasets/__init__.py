"""Digits, real and drawn from fonts, with their distortions; pairs of texts and of dates;
captioned images; tasks that need a memory."""

from keras_attn.datasets.associative_recall_task import AssociativeRecallTask
from keras_attn.datasets.binarized_images import BinarizedImages
from keras_attn.datasets.binarized_mnist import binarized_mnist
from keras_attn.datasets.cached_features import cached_features
from keras_attn.datasets.caption_attributes import caption_attributes
from keras_attn.datasets.captioned_images import captioned_images
from keras_attn.datasets.co_localization import co_localization
from keras_attn.datasets.coco_captions import coco_captions
from keras_attn.datasets.copy_task import CopyTask
from keras_attn.datasets.date_pairs import date_pairs
from keras_attn.datasets.described_scenes import DescribedScenes, described_scenes
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
from keras_attn.datasets.dynamic_ngrams_task import DynamicNGramsTask
from keras_attn.datasets.glyph_digits import glyph_digits
from keras_attn.datasets.headline_pairs import headline_pairs
from keras_attn.datasets.image_captions import ImageCaptions
from keras_attn.datasets.image_files import ImageFiles
from keras_attn.datasets.memory_task import MemoryTask
from keras_attn.datasets.mnist import mnist
from keras_attn.datasets.parallel_text import parallel_text, word_pairs
from keras_attn.datasets.priority_sort_task import PrioritySortTask
from keras_attn.datasets.repeat_copy_task import RepeatCopyTask
from keras_attn.datasets.romanized_words import romanized_words
from keras_attn.datasets.sequence_pairs import SequencePairs
from keras_attn.datasets.text_tokenizer import TextTokenizer

__all__ = [
    "AssociativeRecallTask",
    "BinarizedImages",
    "CopyTask",
    "DescribedScenes",
    "DistortedDigits",
    "DynamicNGramsTask",
    "ImageCaptions",
    "ImageFiles",
    "MemoryTask",
    "PrioritySortTask",
    "RepeatCopyTask",
    "SequencePairs",
    "TextTokenizer",
    "binarized_mnist",
    "cached_features",
    "caption_attributes",
    "captioned_images",
    "cluttered",
    "co_localization",
    "coco_captions",
    "date_pairs",
    "described_scenes",
    "digit_pairs",
    "digit_sequences",
    "distort",
    "elastically_warped",
    "glyph_digits",
    "headline_pairs",
    "mnist",
    "parallel_text",
    "projected",
    "romanized_words",
    "rotated",
    "rotated_scaled_translated",
    "translated",
    "word_pairs",
]
