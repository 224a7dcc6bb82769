"""MNIST as NumPy arrays, through tensorflow-datasets."""

import numpy as np

from keras_attn.datasets.optional_tfds import tensorflow_datasets


def mnist(split="train", data_dir=None):
    """The MNIST digits of LeCun et al., 60,000 for training and 10,000 for the test.

    The reading is done by tensorflow-datasets (`pip install "keras-attn[data]"`), which downloads
    the set once where `data_dir` does not hold it yet. The order is always the same.

    Args:
        split: `"train"` or `"test"`.
        data_dir: folder of the tensorflow-datasets; `None` for its own default, which the
            environment variable `TFDS_DATA_DIR` sets.

    Returns:
        `(images, labels)`: float32 `(N, 28, 28, 1)` in [0, 1], and int32 `(N,)` in 0..9.

    Raises:
        ValueError: for an unknown split.
        ImportError: If tensorflow-datasets is not installed.
        ConnectionError: If the data set is not in `data_dir` and cannot be downloaded.

    Example:

    >>> images, labels = keras_attn.datasets.mnist("train")  # doctest: +SKIP
    >>> images.shape, labels.shape  # doctest: +SKIP
    ((60000, 28, 28, 1), (60000,))

    Reference:
        LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
        recognition", 1998, http://yann.lecun.com/exdb/mnist/
    """
    if split not in ("train", "test"):
        raise ValueError(f'`split` must be "train" or "test". Received: split={split!r}')
    tfds = tensorflow_datasets("mnist", data_dir)
    whole = tfds.load("mnist", split=split, batch_size=-1, data_dir=data_dir)
    images = np.asarray(whole["image"]).astype("float32") / np.float32(255)
    return images, np.asarray(whole["label"]).astype("int32")
