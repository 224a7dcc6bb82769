"""Data sets of tensorflow-datasets, with a stand-in for the library."""

import io
import os
import sys
import types
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from keras_attn.datasets import binarized_mnist, coco_captions, mnist

# Uses no tensors.
pytestmark = pytest.mark.once

PIXELS = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28, 1)
LABELS = np.array([7, 3], "int64")


def photograph():
    """Returns the bytes of a picture 30 pixels wide and 20 high, white at the left."""
    pixels = np.zeros((20, 30, 3), "uint8")
    pixels[:, :5] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


@pytest.fixture
def library(monkeypatch):
    """Returns a stand-in that notes the calls of its functions in `calls`."""
    fake = types.SimpleNamespace(calls=[], prepared=True, texts=[b" A wall . ", b"A fence ."])

    def builder(name, data_dir):
        return types.SimpleNamespace(is_prepared=lambda: fake.prepared, data_dir=data_dir)

    def load(name, **options):
        fake.calls.append((name, options))
        return {"image": PIXELS if name == "mnist" else PIXELS % 2, "label": LABELS}

    def data_source(name, **options):
        fake.calls.append((name, options))
        example = {
            "image": photograph(),
            "image/filename": b"wall.jpg",
            "captions": {"text": fake.texts},
        }
        return [example] * 3

    module = types.ModuleType("tensorflow_datasets")
    module.builder, module.load, module.data_source = builder, load, data_source
    module.decode = types.SimpleNamespace(SkipDecoding=lambda: "as it is")
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
    return fake


@pytest.fixture
def urls(monkeypatch):
    """Returns the list of `(url, timeout)` that are opened; each answers with an HTTP error."""
    found = []

    def refuse(url, timeout):
        found.append((url, timeout))
        raise urllib.error.HTTPError(url, 403, "Forbidden", None, None)

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return found


@pytest.mark.parametrize("split", ["train", "test"])
def test_mnist_in_floats(library, split):
    images, labels = mnist(split, "folder")
    assert library.calls == [("mnist", {"split": split, "batch_size": -1, "data_dir": "folder"})]
    assert images.dtype == "float32"
    np.testing.assert_allclose(images, PIXELS / 255, rtol=1e-6)
    assert labels.dtype == "int32"
    assert labels.tolist() == [7, 3]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_binarized_mnist_in_floats(library, split):
    images = binarized_mnist(split, data_dir="folder")
    expected = {"split": split, "batch_size": -1, "data_dir": "folder"}
    assert library.calls == [("binarized_mnist", expected)]
    assert images.dtype == "float32"
    np.testing.assert_array_equal(images, PIXELS % 2)


@pytest.mark.parametrize(
    "split", ["train", "val", "test", "restval", "train+restval", "val[:10] + test"]
)
def test_every_split_of_coco(library, split):
    images, captions = coco_captions(split, "folder", (8, 8))
    ((name, options),) = library.calls
    assert name == "coco_captions"
    assert (options["split"], options["data_dir"]) == (split, "folder")
    assert options["decoders"] == {"image": "as it is"}
    assert len(images) == 3
    assert captions == [["A wall .", "A fence ."]] * 3


def test_the_size_of_coco_and_its_aspect_ratio(library):
    # The middle of the photograph, without its left; or all of it.
    images = coco_captions("val", "folder", (10, 10))[0]
    assert images[0].shape == (10, 10, 3)
    assert images[0].max() < 0.5
    images = coco_captions("val", "folder", (10, 10), keep_aspect_ratio=False)[0]
    assert images[0].shape == (10, 10, 3)
    assert images[0][:, 0].min() > 0.9
    assert images[-3].shape == (10, 10, 3)
    for index in (3, -4):
        with pytest.raises(IndexError):
            images[index]


def test_empty_captions_of_coco_are_refused(library):
    library.texts = [b"A wall .", b"  "]
    with pytest.raises(ValueError, match=r"Every image must have captions.*wall\.jpg"):
        coco_captions("val", "folder")


@pytest.mark.parametrize(
    ("read", "host"),
    [
        (mnist, "https://storage.googleapis.com/"),
        (binarized_mnist, "http://www.cs.toronto.edu/"),
        (coco_captions, "http://images.cocodataset.org/"),
    ],
)
def test_the_server_is_asked_only_before_a_download(library, urls, read, host):
    read(data_dir="folder")
    assert not urls
    library.prepared = False
    # Even a refusal is an answer of the server.
    read(data_dir="folder")
    ((url, timeout),) = urls
    assert url.startswith(host)
    assert timeout == 10


def test_a_timeout_is_reported(library, monkeypatch):
    def wait(url, timeout):
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", wait)
    library.prepared = False
    with pytest.raises(ConnectionError, match=r"mnist.*\(timed out\).*data_dir=folder"):
        mnist(data_dir="folder")


@pytest.mark.parametrize("before", [None, "false"])
def test_tensorflow_does_not_take_all_of_the_memory(library, monkeypatch, before):
    name = "TF_FORCE_GPU_ALLOW_GROWTH"
    monkeypatch.setenv(name, "false")
    if before is None:
        monkeypatch.delenv(name)
    mnist(data_dir="folder")
    assert os.environ[name] == (before or "true")
