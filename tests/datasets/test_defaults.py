"""Default arguments of all data sets are those of the papers and docstrings."""

import inspect

import pytest

from keras_attn import datasets
from keras_attn.datasets.caption_attributes import FUNCTION_WORDS

# Uses no tensors.
pytestmark = pytest.mark.once

AFFINE = {"seed": 0, "return_theta": False, "return_boxes": False, "verbose": 0}
BATCHES = {"batch_size": 64, "shuffle": True, "seed": 0}
FOLDER = {"data_dir": None}

DEFAULTS = {
    # Jaderberg et al. 2015, section 4.1 and appendix A.
    "rotated": {"max_angle": 90.0, "seed": 0, "verbose": 0},
    "rotated_scaled_translated": {
        "max_angle": 45.0, "scale_range": (0.7, 1.2), "size": 42, **AFFINE,
    },
    "projected": {"scale_range": (0.75, 1.0), "sigma": 5.0, "seed": 0, "verbose": 0},
    "elastically_warped": {
        "scale_range": (0.75, 1.0), "sigma": 1.5, "control_shape": (4, 4), "seed": 0, "verbose": 0,
    },
    "translated": {"size": 60, **AFFINE},
    # `None` is the number of the kind: see `test_distortions.py`.
    "distort": {
        "size": None, "distractors": None, "num_distractors": None, "distractor_size": None,
        **AFFINE,
    },
    "DistortedDigits": {
        "batch_size": 256, "seed": 0, "shuffle": True, "size": None, "distractors": None,
        "num_distractors": None, "distractor_size": None,
    },
    "digit_pairs": {"num_pairs": None, "seed": 0, "verbose": 0},
    "co_localization": {
        "num_images": 100, "clutter": True, "size": 84, "seed": 0, "distractors": None,
    },
    # Goodfellow et al. 2014: up to five digits, in crops of 64 pixels.
    "digit_sequences": {
        "num_sequences": None, "max_length": 5, "size": 64, "blank": 10, "seed": 0, "verbose": 0,
    },
    # Mnih et al. 2014: four pieces of 8 pixels on 60.
    "cluttered": {
        "size": 60, "num_distractors": 4, "distractor_size": 8, "distractors": None, **AFFINE,
    },
    # Graves et al. 2014, section 4.
    "CopyTask": {"lengths": (1, 20), "bits": 8},
    "RepeatCopyTask": {"lengths": (1, 10), "repeats": (1, 10), "bits": 8, "scale": (1, 10)},
    "AssociativeRecallTask": {"items": (2, 6), "item_length": 3, "bits": 6},
    "DynamicNGramsTask": {"length": 200, "order": 6},
    "PrioritySortTask": {"count": 20, "top": 16, "bits": 8},
    # The rest is as the docstrings say.
    "MemoryTask": {
        "batch_size": 16, "steps_per_epoch": 1000, "pad_to_multiple_of": 8, "fixed": False,
        "seed": 0, "curriculum_epochs": 0,
    },
    "BinarizedImages": {**BATCHES, "fixed": False},
    "SequencePairs": {**BATCHES, "max_length": None, "pad_to_multiple_of": 8},
    "ImageCaptions": {**BATCHES, "pad_to_multiple_of": 4},
    "ImageFiles": {"keep_aspect_ratio": True},
    "TextTokenizer": {},
    "DescribedScenes": {},
    "binarized_mnist": {"split": "train", "folder": None, **FOLDER},
    "cached_features": {"batch_size": 32, "dtype": "float16", "verbose": 0},
    "caption_attributes": {"attributes": None, "count": 1000, "ignore": FUNCTION_WORDS},
    "captioned_images": {"split": None, "missing": "warn"},
    "coco_captions": {
        "split": "train", "image_size": (224, 224), "keep_aspect_ratio": True, **FOLDER,
    },
    "date_pairs": {"split": "train", "num_pairs": 20_000, "seed": 0, "lowercase": True},
    "described_scenes": {
        "split": "train", "num_scenes": 4000, "size": 64, "digits": None, "references": 5,
        "seed": 0, "verbose": 0,
    },
    "glyph_digits": {
        "split": "train", "num_examples": None, "size": 28, "seed": 0, "verbose": 0,
    },
    "headline_pairs": {"split": "train", "num_pairs": 8000, "seed": 0},
    "mnist": {"split": "train", **FOLDER},
    "parallel_text": {"split": "train"},
    "romanized_words": {"split": "train", "num_pairs": 10_000, "max_syllables": 4, "seed": 0},
    "word_pairs": {"source": 0, "target": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", datasets.__all__)
def test_defaults(name):
    parameters = inspect.signature(getattr(datasets, name)).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    assert defaults == DEFAULTS[name]


def test_defaults_of_training_a_tokenizer():
    parameters = inspect.signature(datasets.TextTokenizer.train).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    assert defaults == {
        "unit": "word", "vocabulary_size": 8000, "lowercase": False, "min_frequency": 1,
    }  # fmt: skip
