"""Arguments that data sets refuse, and the extremes that they take."""

import numpy as np
import pytest

from keras_attn import datasets
from tests.datasets.test_function_options import FUNCTIONS, IMAGES, LABELS

# Uses no tensors.
pytestmark = pytest.mark.once

WIDE, HIGH = IMAGES[:, :8], IMAGES[:, :, :8]
CLASSES = {
    "BinarizedImages": {"images": IMAGES},
    "DistortedDigits": {"images": IMAGES, "labels": LABELS, "kind": "R"},
    "ImageCaptions": {"images": IMAGES[:2], "captions": [[[4]], [[5]]]},
    "ImageFiles": {"paths": ["a.png"], "size": (4, 4)},
    "SequencePairs": {"sources": [[4]], "targets": [[5]]},
}
NONE_OF_BOTH = {"images": [], "captions": []}
REFUSED = [
    ("co_localization", {"digit": -1}),
    ("co_localization", {"num_images": True}),
    ("co_localization", {"size": 11}),
    ("co_localization", {"images": IMAGES[:, :5, :5]}),
    ("co_localization", {"distractors": IMAGES[:, :5]}),
    ("date_pairs", {"num_pairs": 0}),
    ("headline_pairs", {"num_pairs": 0}),
    ("romanized_words", {"num_pairs": 0}),
    ("romanized_words", {"max_syllables": 2.0}),
    ("described_scenes", {"num_scenes": 0}),
    ("described_scenes", {"references": 0}),
    ("described_scenes", {"size": 47}),
    ("described_scenes", {"digits": IMAGES}),
    ("described_scenes", {"digits": (IMAGES, LABELS, LABELS)}),
    ("described_scenes", {"digits": (2 * IMAGES, LABELS)}),
    ("digit_sequences", {"blank": 0}),
    ("digit_sequences", {"num_sequences": -1}),
    ("digit_sequences", {"max_length": True}),
    ("distort", {"images": IMAGES[:, :0]}),
    ("distort", {"images": IMAGES[..., :0]}),
    ("distort", {"seed": [[1]]}),
    ("distort", {"seed": [1, -1]}),
    ("distort", {"distractors": 2 * IMAGES}),
    ("distort", {"distractors": IMAGES[0]}),
    ("distort", {"num_distractors": -1}),
    # The crops fit into the distractors, but not into the canvas.
    ("distort", {"distractor_size": 21, "distractors": np.zeros((1, 40, 40, 1))}),
    ("rotated", {"max_angle": -1}),
    ("rotated", {"max_angle": 181}),
    ("rotated", {"max_angle": np.nan}),
    ("projected", {"scale_range": (0.5, np.inf)}),
    ("projected", {"scale_range": (0.5,)}),
    ("projected", {"scale_range": 1.0}),
    ("projected", {"scale_range": ("a", "b")}),
    ("projected", {"sigma": -1}),
    ("projected", {"sigma": np.nan}),
    ("elastically_warped", {"sigma": -1}),
    ("elastically_warped", {"control_shape": 4}),
    ("elastically_warped", {"control_shape": (4, 1)}),
    ("elastically_warped", {"control_shape": (4, 4, 4)}),
    ("elastically_warped", {"control_shape": (4.0, 4)}),
    ("AssociativeRecallTask", {"bits": 0}),
    ("CopyTask", {"bits": 0}),
    ("CopyTask", {"batch_size": True}),
    ("CopyTask", {"batch_size": 2.0}),
    ("CopyTask", {"workers": -1}),
    ("DynamicNGramsTask", {"length": 0}),
    ("PrioritySortTask", {"bits": 0}),
    ("PrioritySortTask", {"count": 0}),
    ("RepeatCopyTask", {"bits": 0}),
    ("BinarizedImages", {"images": IMAGES[:0]}),
    ("BinarizedImages", {"images": -IMAGES}),
    ("BinarizedImages", {"images": np.nan * IMAGES}),
    ("DistortedDigits", {"seed": -1}),
    ("SequencePairs", {"targets": [[0]]}),
    ("SequencePairs", {"sources": [[-1]]}),
    ("SequencePairs", {"max_length": 0}),
    ("SequencePairs", {"pad_to_multiple_of": 0}),
    ("SequencePairs", {"seed": -1}),
    ("ImageCaptions", {"batch_size": 0}),
    ("ImageCaptions", {"pad_to_multiple_of": 0}),
    ("ImageCaptions", {"seed": -1}),
    ("ImageCaptions", {"images": 2}),
    ("ImageCaptions", {"captions": 2}),
    ("ImageCaptions", NONE_OF_BOTH),
    ("ImageFiles", {"size": (4, 0)}),
    ("ImageFiles", {"size": (4.5, 4)}),
    ("ImageFiles", {"size": (4, 4, 4)}),
    # A canvas has to hold the larger side.
    *(("translated", {"size": 11, "images": images}) for images in (WIDE, HIGH)),
    *(
        ("rotated_scaled_translated", {"size": 14, "images": images, "scale_range": (0.5, 1.2)})
        for images in (WIDE, HIGH)
    ),
]


@pytest.mark.parametrize(("name", "changes"), REFUSED)
def test_the_argument_is_named(name, changes):
    arguments = FUNCTIONS[name][0] if name in FUNCTIONS else CLASSES.get(name, {})
    with pytest.raises(ValueError, match=f"`{next(iter(changes))}`.* must"):
        getattr(datasets, name)(**{**arguments, **changes})


@pytest.mark.parametrize("digit", [0, 2])
def test_the_class_of_co_localization_may_be_any(digit):
    # The brightness of an image is its label.
    images = (LABELS[:, None, None, None] + 1) / 4 * np.ones((1, 12, 12, 1))
    options = {"num_images": 2, "size": 20, "clutter": False}
    scenes, _ = datasets.co_localization(images, LABELS, digit, **options)
    np.testing.assert_allclose(scenes.max(axis=(1, 2, 3)), (digit + 1) / 4)
    # Without clutter no crops of six pixels are needed.
    small = images[:, :5, :5]
    scenes, boxes = datasets.co_localization(small, LABELS, digit, **options)
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], 5, atol=1e-4)
    assert scenes.shape == (2, 20, 20, 1)


def test_a_canvas_may_be_as_large_as_the_image():
    np.testing.assert_array_equal(datasets.translated(IMAGES, size=12), IMAGES)
    out = datasets.rotated_scaled_translated(IMAGES, 0, (1, 1), size=12)
    np.testing.assert_allclose(out, IMAGES, atol=1e-5)
    out, boxes = datasets.rotated_scaled_translated(WIDE, 0, (1, 1.5), 18, return_boxes=True)
    assert out.shape == (6, 18, 18, 1)
    assert (boxes[:, 2] - boxes[:, 0] <= 18).all()
    assert datasets.rotated(IMAGES, max_angle=180).shape == IMAGES.shape


def test_crops_may_be_as_large_as_the_images():
    ones = np.ones((1, 12, 12, 1))
    out = datasets.cluttered(IMAGES, 12, 1, 12, distractors=ones)
    np.testing.assert_array_equal(out, np.ones_like(IMAGES))


def test_without_distractors_the_canvas_has_the_image_alone():
    out, boxes = datasets.cluttered(IMAGES, 20, 0, 15, return_boxes=True)
    for image, canvas, (left, top, _, _) in zip(
        IMAGES, out, boxes.round().astype(int), strict=True
    ):
        np.testing.assert_array_equal(canvas[top : top + 12, left : left + 12], image)
        np.testing.assert_allclose(canvas.sum(), image.sum(), rtol=1e-5)


def test_a_single_image_is_cluttered_with_itself():
    image = np.full((1, 12, 12, 1), 2**-6)
    out = datasets.cluttered(image, 20, 3, 4)
    np.testing.assert_allclose(out.sum(), (12 * 12 + 3 * 4 * 4) * 2**-6, rtol=1e-6)
