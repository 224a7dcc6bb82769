"""tensorflow-datasets, imported only by what reads through it."""

import os

import keras


def tensorflow_datasets(reader):
    """The package, or an `ImportError` that says what `reader` needs."""
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
