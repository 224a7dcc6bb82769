"""Two digits in two channels, to be added."""

import numpy as np

from keras_attn.datasets.warping import (
    check_count,
    check_images,
    check_labels,
    child_seeds,
    distorted,
    streams,
)
from keras_attn.datasets.warps import AffineWarp


def digit_pairs(images, labels, num_pairs=None, seed=0, verbose=0):
    """Pairs of digits for the addition task: one digit in each channel, their sum as the label.

    The digits of a pair are drawn with replacement, and each is rotated, scaled and placed in
    42×42 pixels independently of the other (`rotated_scaled_translated`), so that no single
    transformation can make both upright.

    Args:
        images: float `(N, H, W, 1)` in [0, 1].
        labels: integers `(N,)`.
        num_pairs: how many; `None` for as many as there are images.
        seed: non-negative integer, or several.
        verbose: 1 shows a progress bar.

    Returns:
        `(pairs, sums)`: float32 `(num_pairs, 42, 42, 2)` in [0, 1], and int32 `(num_pairs,)`, for
        digits in 0..18.

    Raises:
        ValueError: for wrong shapes or values, or no images.

    Example:

    >>> digits, labels = keras_attn.datasets.glyph_digits("test", num_examples=8)
    >>> pairs, sums = keras_attn.datasets.digit_pairs(digits, labels, num_pairs=3)
    >>> pairs.shape, sums.shape
    ((3, 42, 42, 2), (3,))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, appendix A.1,
        https://arxiv.org/abs/1506.02025
    """
    images = check_images(images)
    labels = check_labels(labels, len(images))
    if not len(images) or images.shape[-1] != 1:
        raise ValueError(
            "`images` must hold at least one image, of one channel. "
            f"Received: images.shape={images.shape}"
        )
    num = len(images) if num_pairs is None else check_count(num_pairs, "num_pairs", 0)
    warp = AffineWarp(45.0, (0.7, 1.2), 42)
    choice, *seeds = child_seeds(seed, 3)
    chosen = streams(choice, 1)[0].integers(0, len(images), (num, 2))
    channels = [
        distorted(warp, images[chosen[:, channel]], seeds[channel], verbose) for channel in range(2)
    ]
    return np.concatenate(channels, axis=-1), labels[chosen].sum(axis=1, dtype="int32")
