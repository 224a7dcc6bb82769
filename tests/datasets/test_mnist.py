"""MNIST through tensorflow-datasets, if there is a local copy."""

import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from keras_attn.datasets import binarized_mnist, coco_captions, mnist

# Uses no tensors.
pytestmark = pytest.mark.once


def test_unknown_split():
    with pytest.raises(ValueError, match='`split` must be "train" or "test"'):
        mnist("validation")


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"keras-attn\[data\]"):
        mnist()


@pytest.mark.parametrize("read", [mnist, binarized_mnist, coco_captions])
def test_without_a_network_an_error_is_raised_at_once(monkeypatch, tmp_path, read):
    pytest.importorskip("tensorflow_datasets")

    def refuse(url, timeout):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(ConnectionError, match=rf"{read.__name__}.*TFDS_DATA_DIR") as caught:
        read(data_dir=tmp_path)
    assert "Name or service not known" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.__suppress_context__


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
