"""tensorflow-datasets, imported only by what reads through it."""

import os
import urllib.error
import urllib.request

import keras

# URLs of the downloads.
SOURCES = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "binarized_mnist": "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/",
    "coco_captions": "http://images.cocodataset.org/",
}
TIMEOUT = 10.0  # seconds


def tensorflow_datasets(name, data_dir=None):
    """Imports tensorflow-datasets on demand, and checks that the data set is available.

    Without a network, tensorflow-datasets would retry a download for minutes.

    Args:
        name: String, name of the data set and of the function of `keras_attn.datasets` that reads
            the data set.
        data_dir: Path of the folder of the data sets; `None` for the default of
            tensorflow-datasets.

    Returns:
        The module `tensorflow_datasets`.

    Raises:
        ImportError: If tensorflow-datasets or tensorflow is not installed.
        ConnectionError: If the data set has to be downloaded, and the server cannot be reached.
    """
    if keras.backend.backend() != "tensorflow":
        # TensorFlow only decodes here: it must not take the accelerator's memory from the backend.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            f"`keras_attn.datasets.{name}` needs tensorflow-datasets and tensorflow: "
            'pip install "keras-attn[data]"'
        ) from error
    builder = tfds.builder(name, data_dir=data_dir)
    if not builder.is_prepared():
        _check_reachable(name, builder.data_dir)
    return tfds


def _check_reachable(name, folder):
    """Raises `ConnectionError` if the server of a data set does not answer."""
    try:
        urllib.request.urlopen(SOURCES[name], timeout=TIMEOUT).close()
    except urllib.error.HTTPError:
        return  # an HTTP error is an answer
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(
            f"`keras_attn.datasets.{name}` must download its data, but {SOURCES[name]} cannot be "
            f"reached ({reason}). `data_dir`, or the environment variable TFDS_DATA_DIR, must name "
            "a folder that holds the prepared data set. Files that were downloaded before are "
            f"prepared by `tensorflow_datasets.load({name!r}, data_dir=...)`. "
            f"Received: data_dir={folder}"
        ) from None
