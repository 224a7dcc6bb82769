"""Generated data sets with arbitrary arguments."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_attn import datasets
from tests.fuzz.outcome import REFUSED, outcome
from tests.fuzz.strategies import changed_arrays, changed_options, changes, fuzzed, same_shapes

pytestmark = pytest.mark.once
FLAG = (False, True)
SPLIT = ("train", "test")
SEED = (0, 3, (1, 2))
FEW = (3, 1, np.int64(2))
TASK = {
    "batch_size": (2, 1), "steps_per_epoch": (2, 1), "pad_to_multiple_of": (4, 1),
    "fixed": (False,), "seed": (0, 3), "curriculum_epochs": (0, 2),
}  # fmt: skip
BATCHES = {"batch_size": (2, 1, 5), "shuffle": FLAG, "seed": (0, 3)}
SHOWN = {"return_theta": FLAG, "return_boxes": FLAG}
DIGITS = {"seed": SEED, "verbose": (0,)}
IMAGES = {"images": (4, 6, 6, 1)}
CLUTTER = {"num_distractors": (None,), "distractor_size": (None,), "size": (None,)}
TEXT = {"split": SPLIT, "num_pairs": FEW, "seed": SEED}
# Name → (arrays of numbers in [0, 1] or labels, further arguments).
MADE = {
    "AssociativeRecallTask": (
        {}, {"items": ((2, 3), 2, [2, 4]), "item_length": (2,), "bits": (3,), **TASK}
    ),
    "CopyTask": ({}, {"lengths": ((1, 3), 2), "bits": (3,), **TASK}),
    "DynamicNGramsTask": ({}, {"length": (6,), "order": (3, 1), **TASK}),
    "PrioritySortTask": ({}, {"count": (4,), "top": (2, 4), "bits": (3,), **TASK}),
    "RepeatCopyTask": (
        {}, {"lengths": ((1, 3), 2), "repeats": ((1, 2), 2), "bits": (3,), "scale": ((1, 3), 2),
             **TASK},
    ),
    "BinarizedImages": (IMAGES, {**BATCHES, "fixed": FLAG}),
    "DistortedDigits": (
        {**IMAGES, "labels": (4,)},
        {"kind": ("R", "none", "P", "E", "T", "TC"), **BATCHES, **CLUTTER},
    ),
    "SequencePairs": (
        {}, {"sources": ([[3, 4], [5]],), "targets": ([[4], [3, 3]],), "max_length": (None, 5),
             "pad_to_multiple_of": (2, 1), **BATCHES},
    ),
    "ImageCaptions": (
        {"images": (2, 3, 3, 1)},
        {"captions": ([[[3, 4]], [[5], [3]]],), "pad_to_multiple_of": (2, 1), **BATCHES},
    ),
    "caption_attributes": (
        {}, {"captions": ([["a dog", "dogs"], ["a cat"]],), "attributes": (None, ["dog"]),
             "count": (2,), "ignore": (("a",), ())},
    ),
    "co_localization": (
        {"images": (4, 6, 6, 1), "labels": (4,)},
        {"digit": (1,), "num_images": (1, 2), "clutter": FLAG, "size": (12,), "seed": SEED},
    ),
    "date_pairs": ({}, {**TEXT, "lowercase": FLAG}),
    "headline_pairs": ({}, TEXT),
    "romanized_words": ({}, {**TEXT, "max_syllables": (2, 1)}),
    "described_scenes": (
        {}, {"split": SPLIT, "num_scenes": (1, 2), "size": (48,), "digits": (None,),
             "references": (2, 1), **DIGITS},
    ),
    "digit_pairs": ({"images": (4, 28, 28, 1), "labels": (4,)}, {"num_pairs": (None, 2), **DIGITS}),
    "digit_sequences": (
        {"images": (4, 28, 28, 1), "labels": (4,)},
        {"num_sequences": (None, 2), "max_length": (2, 1), "size": (32,), "blank": (10, 2),
         **DIGITS},
    ),
    "glyph_digits": ({}, {"split": SPLIT, "num_examples": (1, 2), "size": (12,), **DIGITS}),
    "distort": (
        IMAGES, {"kind": ("R", "RTS", "P", "E", "T", "TC", "none"), **CLUTTER, **SHOWN, **DIGITS}
    ),
    "rotated": (IMAGES, {"max_angle": (90.0, 10), **DIGITS}),
    "rotated_scaled_translated": (
        IMAGES,
        {"max_angle": (45.0,), "scale_range": ((0.7, 1.2), [1, 1]), "size": (12,), **SHOWN,
         **DIGITS},
    ),
    "projected": (IMAGES, {"scale_range": ((0.75, 1.0),), "sigma": (1.0, 0), **DIGITS}),
    "elastically_warped": (
        IMAGES,
        {"scale_range": ((0.75, 1.0),), "sigma": (1.0, 0), "control_shape": ((3, 3), [2, 4]),
         **DIGITS},
    ),
    "translated": (IMAGES, {"size": (12, 6), **SHOWN, **DIGITS}),
    "cluttered": (
        IMAGES,
        {"size": (12,), "num_distractors": (2, 0), "distractor_size": (2,),
         "distractors": (None,), **SHOWN, **DIGITS},
    ),
}  # fmt: skip


NOT_AFFINE = ("P", "E")


def asks_for_boxes(options):
    return any(options.get(name) for name in SHOWN)


@pytest.mark.parametrize("name", MADE)
@fuzzed(4)
@given(st.data())
def test_data_sets_are_made_or_the_argument_is_named(name, data):
    shapes, options = MADE[name]
    arrays = {
        each: np.arange(shape[0]) % 2
        if each == "labels"
        else np.linspace(0, 1, np.prod(shape), dtype="float32").reshape(shape)
        for each, shape in shapes.items()
    }
    changed = changed_arrays(arrays, data.draw(changes(arrays, scales=False)))
    options, valid = data.draw(changed_options(options))
    names = {*arrays, *options}
    made = outcome(lambda: getattr(datasets, name)(**changed, **options), names)
    if made is REFUSED:
        # Only affine distortions have a matrix and boxes.
        valid = valid and not (options.get("kind") in NOT_AFFINE and asks_for_boxes(options))
        assert not (valid and same_shapes(changed, arrays)), "refused"
        return
    if isinstance(made, keras.utils.PyDataset):
        assert len(made) > 0
        made.on_epoch_begin()
        made = [made[number] for number in range(min(len(made), 2))]
    for leaf in keras.tree.flatten(made):
        if isinstance(leaf, np.ndarray):
            assert np.isfinite(leaf).all()
            assert leaf.dtype in ("float32", "int32")
