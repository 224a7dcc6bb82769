"""The fixed binarisation of MNIST, as a NumPy array."""

import zipfile
from pathlib import Path

import numpy as np

from keras_attn.datasets.optional_tfds import tensorflow_datasets

SPLITS = {"train": "train", "validation": "valid", "test": "test"}
PACKED = "binarized_mnist_packed.npz"


def binarized_mnist(split="train", folder=None, data_dir=None):
    """MNIST in black and white, each pixel drawn once and for all: what bounds are reported on.

    Of Salakhutdinov and Murray, as Larochelle has published it: 50,000 images for training, 10,000
    for validation and 10,000 for the test, in another order than MNIST and without labels.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        folder: where the original files are, `binarized_mnist_train.amat`,
            `binarized_mnist_valid.amat` and `binarized_mnist_test.amat`, a line of 784 zeros and
            ones for each image; or `binarized_mnist_packed.npz`, the same as bits, arrays `train`,
            `valid` and `test` of 98 bytes an image. None for tensorflow-datasets, which downloads
            the set once.
        data_dir: folder of the tensorflow-datasets; None for its own default.

    Returns:
        float32 `(N, 28, 28, 1)`, zeros and ones.

    Raises:
        ValueError: for an unknown split, a folder without these files, or a file of another kind.
        ImportError: Without a folder, if tensorflow-datasets is not installed.
        ConnectionError: Without a folder, if `data_dir` lacks the data and the download fails.

    Example:

    >>> images = keras_attn.datasets.binarized_mnist("test", folder="data")  # doctest: +SKIP
    >>> images.shape  # doctest: +SKIP
    (10000, 28, 28, 1)

    Reference:
        Salakhutdinov and Murray, "On the Quantitative Analysis of Deep Belief Networks", 2008;
        Larochelle and Murray, "The Neural Autoregressive Distribution Estimator", 2011,
        https://proceedings.mlr.press/v15/larochelle11a.html
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {tuple(SPLITS)}. Received: split={split!r}")
    if folder is None:
        tfds = tensorflow_datasets("binarized_mnist", data_dir)
        whole = tfds.load("binarized_mnist", split=split, batch_size=-1, data_dir=data_dir)
        return np.asarray(whole["image"]).astype("float32")
    folder, name = Path(folder), SPLITS[split]
    packed, text = folder / PACKED, folder / f"binarized_mnist_{name}.amat"
    if packed.exists():
        file = packed
    elif text.exists():
        file = text
    else:
        raise ValueError(
            f"`folder` must hold {text.name} or {packed.name}. Received: folder={str(folder)!r}"
        )
    try:
        if file == packed:
            with np.load(packed) as arrays:
                pixels = np.unpackbits(arrays[name], axis=1)
        else:
            pixels = np.loadtxt(text, dtype="uint8", ndmin=2)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"`folder` must hold images. Received: {file}: {error}") from error
    if pixels.shape[1] != 784 or pixels.max(initial=0) > 1:
        raise ValueError(
            f"`folder` must hold images of 784 zeros and ones. Received: {file}, of shape "
            f"{pixels.shape} and numbers up to {pixels.max(initial=0)}"
        )
    return pixels.reshape(-1, 28, 28, 1).astype("float32")
