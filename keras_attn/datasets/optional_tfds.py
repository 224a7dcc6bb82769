"""tensorflow-datasets, imported only by what reads through it."""

import os
import urllib.error
import urllib.request

import keras

# Where each set is downloaded from.
SOURCES = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "binarized_mnist": "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/",
    "coco_captions": "http://images.cocodataset.org/",
}
PATIENCE = 10.0  # seconds


def tensorflow_datasets(name, data_dir=None):
    """Imports the package when it is first needed.

    Without a network, the package would try for minutes to download a set.

    Args:
        name: Name of the set, and of the function of this package that reads it.
        data_dir: Folder of the sets; `None` for the default of the package.

    Raises:
        ImportError: If tensorflow-datasets or tensorflow is not installed.
        ConnectionError: If the set has to be downloaded, and its server cannot be reached.
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
    """Raises `ConnectionError` where the server of a set does not answer."""
    try:
        urllib.request.urlopen(SOURCES[name], timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return  # It has answered.
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(
            f"`keras_attn.datasets.{name}` has to download its data, and {SOURCES[name]} cannot be "
            f"reached ({reason}). Set `data_dir`, or the environment variable TFDS_DATA_DIR, to a "
            f"folder that holds the prepared set. Received: {folder}, which does not"
        ) from None
