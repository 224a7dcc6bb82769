"""tensorflow-datasets, imported only by what reads through it."""

import os

import keras


def tensorflow_datasets(reader):
    """The package, imported when it is first needed.

    Args:
        reader: name of the function that asks, for what is said where the package is missing.

    Raises:
        ImportError: where tensorflow-datasets or tensorflow is not installed.
    """
    if keras.backend.backend() != "tensorflow":
        # TensorFlow only decodes here: it must not take the accelerator's memory from the backend.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            f"`keras_attn.datasets.{reader}` needs tensorflow-datasets and tensorflow: "
            'pip install "keras-attn[data]"'
        ) from error
    return tfds
