"""Features of images, computed once and cached on disk."""

from pathlib import Path

import numpy as np
from keras import ops

from keras_attn.datasets.warping import check_count


def cached_features(encoder, images, path, batch_size=32, dtype="float16", verbose=0):
    """The feature maps of images, from a file where it is there, else computed and written.

    A network that is not trained gives the same features in every epoch. The file is a `.npy`
    array that is mapped and not read: `ImageCaptions` takes what it needs of it.

    The file knows nothing of the network: give another one another path. What fails on the way, as
    an image that cannot be read, leaves no file.

    Args:
        encoder: a Keras model or layer from images to feature maps.
        images: an array, or a sequence that gives one image for an integer, as `ImageFiles`.
        path: of the file; its folder is made.
        batch_size: images at a time.
        dtype: of the file. Float16 keeps three digits in half the space.
        verbose: 1 shows a progress bar.

    Returns:
        A read-only array `(images, height, width, depth)`.

    Raises:
        ValueError: for no image, or a file of another number of images.

    Example:

    >>> encoder = keras.layers.AveragePooling2D(4, data_format="channels_last")
    >>> images = np.ones((3, 8, 8, 1), "float32")
    >>> keras_attn.datasets.cached_features(encoder, images, "features/pooled.npy").shape
    (3, 2, 2, 1)
    """
    path = Path(path)
    batch_size = check_count(batch_size, "batch_size")
    if not len(images):
        raise ValueError("`images` must hold at least one image. Received: none")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Under its own name only when it is whole.
        unfinished = path.with_suffix(".part")
        try:
            _write(unfinished, encoder, images, batch_size, dtype, verbose)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.rename(path)
    array = np.load(path, mmap_mode="r")
    if len(array) != len(images):
        raise ValueError(
            f"`path` must hold the features of {len(images)} images. Received: {path} with those "
            f"of {len(array)}"
        )
    return array


def _write(path, encoder, images, batch_size, dtype, verbose):
    """Writes the feature maps of images to a file."""
    from keras.utils import Progbar

    array, progress = None, Progbar(len(images), unit_name="image") if verbose else None
    for first in range(0, len(images), batch_size):
        rows = range(first, min(first + batch_size, len(images)))
        batch = np.stack([images[row] for row in rows])
        features = ops.convert_to_numpy(encoder(batch, training=False))
        if array is None:
            shape = (len(images), *features.shape[1:])
            array = np.lib.format.open_memmap(path, "w+", dtype, shape)
        array[rows.start : rows.stop] = features
        if progress:
            progress.update(rows.stop)
    array.flush()
