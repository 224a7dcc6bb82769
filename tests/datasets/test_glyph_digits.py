"""Digits drawn from fonts: faces, layout, seeds."""

import sys

import numpy as np
import pytest

from keras_attn.datasets.glyph_digits import (
    GLYPH_FACES,
    MASTER_SIZE,
    REACH,
    _masters,
    glyph_digits,
)
from tests.moments import check_independent, check_integers, check_moments, check_uniform

# Uses no tensors.
pytestmark = pytest.mark.once

FAMILIES = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cm")


def family(face):
    return next(name for name in FAMILIES if face.startswith(name))


def test_splits_share_no_family():
    assert len(set(GLYPH_FACES["train"])) == 16
    assert len(set(GLYPH_FACES["test"])) == 5
    families = {split: {family(face) for face in faces} for split, faces in GLYPH_FACES.items()}
    assert not families["train"] & families["test"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_face_has_ten_digits_that_differ(split):
    masters = _masters(GLYPH_FACES[split])[..., 0]
    assert len(masters) == 10 * len(GLYPH_FACES[split])
    inside = masters > 0.5
    # 80 of 112 pixels high, with nothing at the rim, and a centre of mass in the middle.
    rows = inside.any(axis=2).sum(axis=1)
    assert rows.min() >= 79
    assert rows.max() <= 80
    assert (masters[:, [0, -1]] < 0.5).all()
    assert (masters[:, :, [0, -1]] < 0.5).all()
    for mask in inside:
        np.testing.assert_allclose([axis.mean() for axis in np.nonzero(mask)], 55.5, atol=0.6)
    for face in inside.reshape(-1, 10, 112 * 112).astype("float32"):
        overlap = face @ face.T
        size = overlap.diagonal()
        overlap = overlap / (size[:, None] + size - overlap)
        assert (overlap - np.eye(10)).max() < 0.8


def test_digits_have_their_holes():
    holes = [1, 0, 0, 0, 1, 0, 1, 0, 2, 1]
    ndimage = pytest.importorskip("scipy.ndimage")
    for faces in GLYPH_FACES.values():
        inside = _masters(faces)[..., 0].reshape(len(faces), 10, 112, 112) > 0.5
        for face, name in zip(inside, faces, strict=True):
            for digit, count in enumerate(holes):
                # Only the zeros of fixed width have an island, a dot.
                islands = 2 if digit == 0 and name.startswith("DejaVuSansMono") else 1
                if (name, digit) == ("cmti10", 4):
                    count = 0  # an open four
                for mask, expected in ((face[digit], islands), (~face[digit], 1 + count)):
                    pieces = np.bincount(ndimage.label(mask)[0].ravel())[1:]
                    # Single pixels come off at the tips of acute angles.
                    assert (pieces > 5).sum() == expected, (name, digit)


@pytest.mark.parametrize(("split", "mean"), [("train", 0.155), ("test", 0.125)])
def test_layout_is_that_of_mnist(split, mean):
    images, labels = glyph_digits(split, num_examples=1000)
    assert images.shape == (1000, 28, 28, 1)
    assert images.dtype == np.float32
    assert labels.dtype == np.int32
    assert images.min() == 0
    assert images.max() == 1
    np.testing.assert_allclose(images.mean(), mean, atol=0.01)
    height = (images[..., 0] > 0.2).any(axis=2).sum(axis=1)
    assert height.min() >= 16
    assert height.max() <= 24
    np.testing.assert_allclose(height.mean(), 20, atol=1)
    mass = images[..., 0] / images.sum(axis=(1, 2, 3))[:, None, None]
    for axis in (1, 2):
        centre = mass.sum(axis=3 - axis) @ np.arange(28)
        assert np.abs(centre - 13.5).max() < 1.6
    counts = np.bincount(labels, minlength=10)
    assert counts.min() > 60


@pytest.mark.parametrize("size", [14, 56])
def test_strokes_are_as_heavy_at_every_size(size):
    images, _ = glyph_digits(num_examples=300, size=size)
    usual, _ = glyph_digits(num_examples=300)
    ink, expected = images.mean(axis=(1, 2, 3)), usual.mean(axis=(1, 2, 3))
    # Small pictures are blurred where strokes come near to each other.
    np.testing.assert_allclose(ink, expected, rtol=0.03 if size > 28 else 0.12)


@pytest.fixture
def draw_from(monkeypatch):
    """Returns a function that draws 2000 digits from distance fields instead of fonts."""

    def draw(fields, split="train"):
        module = sys.modules["keras_attn.datasets.glyph_digits"]
        masters = np.array(fields, "float32")[..., None]
        monkeypatch.setattr(module, "_masters", lambda faces: masters)
        images, labels = glyph_digits(split, num_examples=2000)
        return images[..., 0].astype("float64"), labels

    return draw


def squares(side, *centres):
    """Returns the distance field of squares with a side and centers `(x, y)`."""
    place = np.arange(MASTER_SIZE) + 0.5
    away = [
        np.maximum(np.abs(place - x), np.abs(place - y)[:, None]) for x, y in centres
    ] or [np.full((MASTER_SIZE, MASTER_SIZE), MASTER_SIZE)]  # fmt: skip
    return np.clip(0.5 + (side / 2 - np.min(away, axis=0)) / (2 * REACH), 0, 1)


@pytest.mark.parametrize(("split", "num_faces"), [("train", 16), ("test", 5)])
def test_digits_and_faces_are_equally_likely(draw_from, split, num_faces):
    # Four squares are the binary number of the face, four below them that of the digit.
    fields = [
        squares(
            20,
            *((14 + 28 * bit, 28) for bit in range(4) if face >> bit & 1),
            *((14 + 28 * bit, 84) for bit in range(4) if digit >> bit & 1),
        )
        for face in range(num_faces)
        for digit in range(10)
    ]
    images, labels = draw_from(fields, split)
    face, digit = (
        sum(
            (images[:, top : top + 4, 2 + 7 * bit : 5 + 7 * bit].max(axis=(1, 2)) > 0.5) << bit
            for bit in range(4)
        )
        for top in (5, 19)
    )
    np.testing.assert_array_equal(digit, labels)
    check_integers(labels, 0, 9)
    check_integers(face, 0, num_faces - 1)
    check_independent(face, labels)


@pytest.mark.parametrize("side", [4, 18])
def test_width_height_weight_and_place_vary_as_documented(draw_from, side):
    # A square of so many pixels of the image, a quarter of those of the master.
    images, labels = draw_from([squares(4 * side, (56, 56))] * 160)
    mass = images.sum(axis=(1, 2))
    x, y = (images.sum(axis=axis) @ (np.arange(28) - 13.5) / mass for axis in (1, 2))
    check_uniform(x, -1, 1, error=0.02)
    check_uniform(y, -1, 1, error=0.02)
    width, height = (images.max(axis=axis).sum(axis=1) for axis in (1, 2))
    # 85 to 105 %, and the weight, -0.15 to 0.45 pixels, on either side.
    for extent in (width, height):
        assert 0.85 * side - 0.35 < extent.min() < 0.88 * side + 0.3
        assert 1.02 * side + 0.3 < extent.max() < 1.05 * side + 1.05
    factor, weight = 0.2**2 / 12, 0.6**2 / 12
    mean, half = (width + height) / 2, (width - height) / 2
    check_moments(mean, 0.95 * side + 0.3, side**2 * factor / 2 + 4 * weight, error=0.02)
    check_moments(half, 0, (side + 0.3) ** 2 * factor / 2, error=0.02)
    check_independent(x, y, mean, half, labels)


def test_seeds():
    first = glyph_digits(num_examples=300, seed=2)
    for one, other in zip(first, glyph_digits(num_examples=300, seed=2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[1], glyph_digits(num_examples=300, seed=3)[1])
    for few, many in zip(glyph_digits(num_examples=50, seed=2), first, strict=True):
        np.testing.assert_array_equal(few, many[:50])


def test_sizes_and_defaults():
    assert glyph_digits("test")[0].shape == (2000, 28, 28, 1)
    assert glyph_digits("train", size=1)[0].shape == (10_000, 1, 1, 1)
    assert glyph_digits("test", 0)[0].shape == (0, 28, 28, 1)
    small, labels = glyph_digits("test", 200, size=28)
    large, same = glyph_digits("test", 200, size=56)
    np.testing.assert_array_equal(labels, same)
    # The same digits, twice as large.
    halved = large.reshape(200, 28, 2, 28, 2, 1).mean(axis=(2, 4))
    assert np.abs(halved - small).mean() < 0.006


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "validation"}, '`split` must be "train" or "test"'),
        ({"num_examples": -1}, "`num_examples` must be"),
        ({"num_examples": 2.5}, "`num_examples` must be"),
        ({"size": 0}, "`size` must be"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        glyph_digits(**arguments)
