"""MNIST through tensorflow-datasets, where a copy is at hand."""

import sys

import numpy as np
import pytest

from keras_attn.datasets import mnist

# No tensor comes near it.
pytestmark = pytest.mark.once


def test_unknown_split():
    with pytest.raises(ValueError, match='`split` must be "train" or "test"'):
        mnist("validation")


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"keras-attn\[data\]"):
        mnist()


def test_the_real_digits(tfds_folder):
    pytest.importorskip("tensorflow_datasets")
    images, labels = mnist("test", data_dir=tfds_folder)
    assert images.shape == (10_000, 28, 28, 1)
    assert images.dtype == np.float32
    assert labels.dtype == np.int32
    assert (images.min(), images.max()) == (0, 1)
    np.testing.assert_array_equal(
        np.bincount(labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
