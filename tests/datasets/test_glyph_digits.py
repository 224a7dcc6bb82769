"""Digits drawn from fonts: faces, layout, seeds."""

import numpy as np
import pytest

from keras_attn.datasets.glyph_digits import GLYPH_FACES, _masters, glyph_digits

# No tensor comes near it.
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


def test_holes_are_holes():
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


def test_seeds():
    first = glyph_digits(num_examples=300, seed=2)
    for one, other in zip(first, glyph_digits(num_examples=300, seed=2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[1], glyph_digits(num_examples=300, seed=3)[1])
    for few, many in zip(glyph_digits(num_examples=50, seed=2), first, strict=True):
        np.testing.assert_array_equal(few, many[:50])


def test_sizes_and_defaults():
    assert glyph_digits("test")[0].shape == (2000, 28, 28, 1)
    assert glyph_digits("test", 0)[0].shape == (0, 28, 28, 1)
    small, labels = glyph_digits("test", 200, size=28)
    large, same = glyph_digits("test", 200, size=56)
    np.testing.assert_array_equal(labels, same)
    # The same digits, twice as large.
    halved = large.reshape(200, 28, 2, 28, 2, 1).mean(axis=(2, 4))
    assert np.abs(halved - small).mean() < 0.02


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
