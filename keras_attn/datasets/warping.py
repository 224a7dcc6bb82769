"""Helpers of all distortions: checks, random number streams, the sampler, the loop."""

import keras
import numpy as np

from keras_attn.ops.checks import number_array

# Images warped at a time: small enough that all the temporary arrays stay in the cache.
CHUNK = 32


def check_images(images, name="images"):
    """Images as all distortions take them.

    Args:
        images: `(N, H, W, C)` in [0, 1].
        name: of the argument, for what is said of a wrong one.

    Returns:
        The images as a contiguous float32 array.

    Raises:
        ValueError: for another rank, images without pixels or channels, or values outside [0, 1].
    """
    images = number_array(name, images)
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(
            f"`{name}` must have the shape (images, height, width, channels). "
            f"Received: {name}.shape={images.shape}"
        )
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"`{name}` must lie in [0, 1]. "
            f"Received: values from {images.min()} to {images.max()}, dtype={images.dtype}"
        )
    return np.ascontiguousarray(images, dtype="float32")


def check_labels(labels, num_images, name="labels"):
    """Labels as int32, one for each image.

    Args:
        labels: integers `(N,)`.
        num_images: `N`.
        name: of the argument, for what is said of a wrong one.

    Raises:
        ValueError: for labels of another shape, or that are no integers.
    """
    labels = number_array(name, labels)
    if labels.shape != (num_images,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"`{name}` must be integers of the shape ({num_images},), one for each image. "
            f"Received: {name}.shape={labels.shape}, dtype={labels.dtype}"
        )
    return labels.astype("int32")


def check_count(value, name, minimum=1):
    """A number as an int, refused unless it is an integer, at least `minimum`.

    Args:
        value: the number; a boolean is none.
        name: of the argument, for what is said of a wrong one.
        minimum: an integer.

    Raises:
        ValueError: for anything else.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < minimum:
        raise ValueError(f"`{name}` must be an integer >= {minimum}. Received: {name}={value!r}")
    return int(value)


def child_seeds(seed, count):
    """Independent seeds made from one, always the same.

    Args:
        seed: a non-negative integer, several, or a `numpy.random.SeedSequence`.
        count: how many are made; the first do not depend on it.

    Returns:
        A list of `numpy.random.SeedSequence`.

    Raises:
        ValueError: for another seed.
    """
    if not isinstance(seed, np.random.SeedSequence):
        entropy = np.asarray(seed)
        if not np.issubdtype(entropy.dtype, np.integer) or entropy.ndim > 1 or (entropy < 0).any():
            raise ValueError(
                f"`seed` must be a non-negative integer or several. Received: seed={seed!r}"
            )
        seed = np.random.SeedSequence(entropy.tolist())
    # Not `seed.spawn`, which changes the sequence: the same seed must give the same children again.
    return [
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child))
        for child in range(count)
    ]


def streams(seed, count):
    """`count` independent random generators made from one seed.

    Each quantity is drawn from a stream of its own and row by row, so that the first images of a
    set are distorted alike however many follow, and however they are cut into batches.
    """
    return [np.random.default_rng(child) for child in child_seeds(seed, count)]


def chunks(num_images, verbose=0, size=CHUNK):
    """Slices that cover a number of images, one after the other.

    Args:
        num_images: how many.
        verbose: 1 shows a progress bar.
        size: images of a slice, of which the last may hold fewer.
    """
    progress = keras.utils.Progbar(num_images, verbose=1, unit_name="image") if verbose else None
    for start in range(0, num_images, size):
        stop = min(start + size, num_images)
        yield slice(start, stop)
        if progress and (stop == num_images or start // size % 64 == 0):
            progress.update(stop)


def bilinear_sample(images, x, y, which=None):
    """Samples each image at its own points, bilinearly, with zeros outside.

    Args:
        images: float32 `(N, H, W, C)`.
        x, y: float32 `(N, H', W')`, in pixels: pixel `j` has its centre at `j`.
        which: the image to sample for each of `x` and `y`; `None` for one after the other.

    Returns:
        float32 `(N, H', W', C)`.
    """
    num, height, width, channels = images.shape
    # A border of zeros takes the place of all masks: coordinates are clipped into it.
    row = width + 3
    padded = np.zeros((channels, num, height + 3, row), dtype="float32")
    padded[:, :, 1:-2, 1:-2] = images.transpose(3, 0, 1, 2)
    x = np.clip(x + np.float32(1), 0, width + 1)
    y = np.clip(y + np.float32(1), 0, height + 1)
    left, top = x.astype("int32"), y.astype("int32")
    x -= left
    y -= top
    first = (np.arange(num) if which is None else which) * ((height + 3) * row)
    corner = first[:, None, None] + (top * row + left)
    out = np.empty((*x.shape, channels), dtype="float32")
    for channel, plane in enumerate(padded.reshape(channels, -1)):
        upper = plane.take(corner)
        upper += x * (plane[1:].take(corner) - upper)
        lower = plane[row:].take(corner)
        lower += x * (plane[row + 1 :].take(corner) - lower)
        lower -= upper
        lower *= y
        lower += upper
        out[..., channel] = lower
    return out


def distorted(distortion, images, seed, verbose=0, return_theta=False, return_boxes=False):
    """Draws for all images at once, and distorts them piece by piece.

    Args:
        distortion: see `make_distortion`.
        images: float32 `(N, H, W, C)`.
        seed, verbose, return_theta, return_boxes: see `distort`; the last two need an affine
            distortion.

    Returns:
        float32 `(N, H', W', C)`; followed, as asked, by `theta` and boxes, see `distort`.
    """
    shape = distortion.output_shape(images.shape[1:])
    drawn = distortion.draw(len(images), images.shape[1:], seed)
    out = np.empty((len(images), *shape, images.shape[-1]), dtype="float32")
    for part in chunks(len(images), verbose):
        out[part] = distortion.apply(images[part], select(drawn, part))
    if not (return_theta or return_boxes):
        return out
    theta = distortion.theta(drawn, images.shape[1:])
    extra = [theta] if return_theta else []
    if return_boxes:
        extra.append(frame_boxes(theta, shape))
    return (out, *extra)


def select(drawn, part):
    """The drawn numbers of some of the images."""
    return {name: value[part] for name, value in drawn.items()}


def frame_boxes(theta, shape):
    """Upright boxes around the placed frames, cut off at the edges of the output.

    Args:
        theta: float32 `(N, 2, 3)`, from the image to the output, both normalised.
        shape: `(height, width)` of the output, in pixels.

    Returns:
        float32 `(N, 4)`, `(x_min, y_min, x_max, y_max)` in pixels.
    """
    corners = np.asarray([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], dtype="float32")
    extent = np.asarray([shape[1], shape[0]], dtype="float32")
    placed = (corners @ theta.transpose(0, 2, 1) + 1) * (extent / 2)
    low, high = placed.min(axis=1), placed.max(axis=1)
    return np.clip(np.concatenate([low, high], axis=1), 0, np.tile(extent, 2))
