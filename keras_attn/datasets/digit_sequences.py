"""Several digits side by side, to be read in order."""

import numpy as np

from keras_attn.datasets.warping import check_count, check_images, check_labels, chunks, streams
from keras_attn.datasets.warps import AffineWarp

# MNIST draws into 20 of 28 pixels; digits are narrower than high, and stand that much closer.
INK = 20 / 28
PITCH = 0.85


def digit_sequences(
    images, labels, num_sequences=None, max_length=5, size=64, blank=10, seed=0, verbose=0
):
    """Numbers of one to `max_length` digits in a square crop, like the house numbers of SVHN.

    The length is uniform, the digits are drawn with replacement. As a crop around a house number
    does, the row fills most of the width, so that short numbers are large: its digits are 80 to
    100 % of the largest that fit, and at most 60 % of the crop high. The row stands anywhere
    inside; every digit is up to 10 % smaller than the row and up to 5 % of its size off its place.

    Args:
        images: float `(N, H, W, C)` in [0, 1], digits in the middle, as MNIST has them.
        labels: integers `(N,)` in `0..blank - 1`.
        num_sequences: how many; `None` for as many as there are images.
        max_length: the most digits in a crop.
        size: side of the crop, in pixels.
        blank: the label of the places after the last digit.
        seed: non-negative integer, or several.
        verbose: 1 shows a progress bar.

    Returns:
        `(crops, sequences)`: float32 `(num_sequences, size, size, C)` in [0, 1], and int32
        `(num_sequences, max_length)`, digits from left to right, then `blank`.

    Raises:
        ValueError: for wrong shapes or values, labels that reach `blank`, or no images.

    Example:

    >>> digits, labels = keras_attn.datasets.glyph_digits("test", num_examples=8)
    >>> crops, sequences = keras_attn.datasets.digit_sequences(digits, labels, num_sequences=3)
    >>> crops.shape, sequences.shape
    ((3, 64, 64, 1), (3, 5))

    Reference:
        Goodfellow et al., "Multi-digit Number Recognition from Street View Imagery using Deep
        Convolutional Neural Networks", 2014, https://arxiv.org/abs/1312.6082
    """
    images = check_images(images)
    labels = check_labels(labels, len(images))
    if not len(images):
        raise ValueError("`images` must hold at least one image. Received: none")
    blank = check_count(blank, "blank")
    if labels.min() < 0 or labels.max() >= blank:
        raise ValueError(
            "`labels` must lie below `blank` and not be negative. "
            f"Received: labels from {labels.min()} to {labels.max()}, blank={blank}"
        )
    num = len(images) if num_sequences is None else check_count(num_sequences, "num_sequences", 0)
    max_length, size = check_count(max_length, "max_length"), check_count(size, "size")

    lengths, choice, row, jitter = streams(seed, 4)
    length = lengths.integers(1, max_length, num, endpoint=True)
    chosen = choice.integers(0, len(images), (num, max_length))
    sequences = np.where(np.arange(max_length) < length[:, None], labels[chosen], blank)

    row = row.random((num, 3), dtype="float32")
    jitter = jitter.uniform(-1, 1, (num, max_length, 3)).astype("float32")
    # `ink`: the side of the square that a digit of the row takes.
    ink = np.minimum(size / (PITCH * length), 0.6 * size) * (0.8 + 0.2 * row[:, 0])
    centre_x = (row[:, 1] - 0.5) * (size - PITCH * length * ink)
    centre_y = (row[:, 2] - 0.5) * (size - ink)
    place = np.arange(max_length) - (length[:, None] - 1) / 2
    shift = np.stack(
        [
            centre_x[:, None] + ink[:, None] * (PITCH * place + 0.05 * jitter[..., 0]),
            centre_y[:, None] + ink[:, None] * 0.05 * jitter[..., 1],
        ],
        axis=-1,
    ).astype("float32")
    scale = ink[:, None] / (INK * max(images.shape[1:3])) * (0.95 + 0.05 * jitter[..., 2])
    scale = scale.astype("float32")

    warp = AffineWarp(0.0, size=size)
    crops = np.zeros((num, size, size, images.shape[-1]), dtype="float32")
    for part in chunks(num, verbose):
        for number in range(max_length):
            rows = np.arange(num)[part][length[part] > number]
            drawn = {
                "angle": np.zeros(len(rows), dtype="float32"),
                "scale": scale[rows, number],
                "shift": shift[rows, number],
            }
            crops[rows] += warp.apply(images[chosen[rows, number]], drawn)
        np.minimum(crops[part], 1, out=crops[part])
    return crops, sequences.astype("int32")
