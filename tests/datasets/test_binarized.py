"""Binarized images, fixed or drawn anew in every epoch."""

import numpy as np
import pytest

from keras_attn.datasets import BinarizedImages, binarized_mnist
from tests.moments import check_frequencies, check_independent

pytestmark = pytest.mark.once
BITS = np.random.default_rng(0).integers(0, 2, (3, 784))


def test_original_and_packed_files(tmp_path):
    text, packed = tmp_path / "text", tmp_path / "packed"
    text.mkdir()
    packed.mkdir()
    np.savetxt(text / "binarized_mnist_valid.amat", BITS, fmt="%d")
    np.savez(packed / "binarized_mnist_packed.npz", valid=np.packbits(BITS, axis=1))
    for folder in (text, packed):
        found = binarized_mnist("validation", folder)
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, BITS.reshape(3, 28, 28, 1))


def test_bad_splits_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`split`.*'valid'"):
        binarized_mnist("valid", tmp_path)
    with pytest.raises(ValueError, match=r"`folder` must hold binarized_mnist_test\.amat"):
        binarized_mnist("test", tmp_path)
    np.savetxt(tmp_path / "binarized_mnist_test.amat", 2 * BITS, fmt="%d")
    with pytest.raises(ValueError, match=r"`folder`.*zeros and ones.*up to 2"):
        binarized_mnist("test", tmp_path)


def test_files_of_another_size(tmp_path):
    text, packed = tmp_path / "binarized_mnist_test.amat", tmp_path / "binarized_mnist_packed.npz"
    np.savetxt(text, BITS[:1], fmt="%d")
    np.testing.assert_array_equal(binarized_mnist("test", tmp_path), BITS[:1].reshape(1, 28, 28, 1))
    np.savetxt(text, BITS.reshape(-1, 28), fmt="%d")
    with pytest.raises(ValueError, match=r"`folder`.*784 zeros and ones.*\(84, 28\)"):
        binarized_mnist("test", tmp_path)
    np.savez(packed, test=np.zeros((2, 97), "uint8"))
    with pytest.raises(ValueError, match=r"`folder`.*784 zeros and ones.*\(2, 776\)"):
        binarized_mnist("test", tmp_path)
    np.savez(packed, test=np.zeros((0, 98), "uint8"))
    assert binarized_mnist("test", tmp_path).shape == (0, 28, 28, 1)
    for wrong in ({"valid": np.zeros((2, 98), "uint8")}, {"test": np.zeros((2, 98))}):
        np.savez(packed, **wrong)
        with pytest.raises(ValueError, match=r"`folder` must hold images.*packed\.npz"):
            binarized_mnist("test", tmp_path)


def test_files_of_another_format_are_refused(tmp_path):
    (tmp_path / "binarized_mnist_test.amat").write_text("0 1 x\n")
    with pytest.raises(ValueError, match=r"`folder`.*binarized_mnist_test\.amat"):
        binarized_mnist("test", tmp_path)
    (tmp_path / "binarized_mnist_packed.npz").write_bytes(b"?")
    with pytest.raises(ValueError, match=r"`folder`.*binarized_mnist_packed\.npz"):
        binarized_mnist("test", tmp_path)


def test_the_real_files(data_folder):
    sizes = {"train": 50_000, "validation": 10_000, "test": 10_000}
    for split, size in sizes.items():
        images = binarized_mnist(split, data_folder / "binarized_mnist")
        assert images.shape == (size, 28, 28, 1)
        # About an eighth of the pixels of MNIST are ink.
        assert 0.12 < images.mean() < 0.14


def test_pixels_are_drawn_by_their_intensity_anew_in_every_epoch():
    levels = np.linspace(0, 1, 6)
    grey = levels[:, None, None, None] * np.ones((6, 60, 60, 1))
    images = BinarizedImages(grey, batch_size=3, shuffle=False)
    first, again = (np.concatenate([images[n][0] for n in range(2)]) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32
    assert set(np.unique(first)) == {0, 1}
    for image, level in zip(first, levels, strict=True):
        count = image.sum()
        check_frequencies([count, image.size - count], [level, 1 - level])
    check_independent(first[1, :-1], first[1, 1:], first[4, :-1], first[4, 1:])
    images.on_epoch_end()
    fresh = np.concatenate([images[n][0] for n in range(2)])
    check_independent(first[1:5] - levels[1:5, None, None, None],
                      fresh[1:5] - levels[1:5, None, None, None])  # fmt: skip
    fixed = BinarizedImages(grey, batch_size=3, shuffle=False, fixed=True)
    fixed.on_epoch_end()
    np.testing.assert_array_equal(fixed[0][0], first[:3])


def test_every_image_is_in_an_epoch_once():
    grey = np.eye(10)[:, :, None, None]
    images = BinarizedImages(grey, batch_size=4)
    assert len(images) == 3
    for _ in range(2):
        found = np.concatenate([images[place][0] for place in range(3)])
        np.testing.assert_array_equal(found.sum(axis=0), grey.sum(axis=0))
        images.on_epoch_end()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("images", {"images": np.ones((2, 3, 3))}),
        ("images", {"images": 255 * np.ones((2, 3, 3, 1))}),
        ("batch_size", {"images": np.ones((2, 3, 3, 1)), "batch_size": 0}),
        ("seed", {"images": np.ones((2, 3, 3, 1)), "seed": -1}),
    ],
)
def test_bad_arguments_are_refused_by_name(name, arguments):
    with pytest.raises(ValueError, match=f"`{name}`"):
        BinarizedImages(**arguments)
