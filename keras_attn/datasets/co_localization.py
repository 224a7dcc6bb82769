"""Images that share one unknown thing, to be found in all of them."""

import numpy as np

from keras_attn.datasets.clutter import check_distractors
from keras_attn.datasets.distortions import clutter_distortion
from keras_attn.datasets.warping import (
    check_count,
    check_images,
    check_labels,
    child_seeds,
    distorted,
    streams,
)


def co_localization(
    images,
    labels,
    digit,
    num_images=100,
    clutter=True,
    size=84,
    seed=0,
    distractors=None,
):
    """Images of one digit class at random places, and the boxes where the digits are.

    The task of Jaderberg et al.: given only that all images hold the same kind of object, say
    where. The boxes are for measuring (a find counts where the intersection over union passes
    0.5), not for training.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        labels: integers `(N,)`.
        digit: the class that all images share.
        num_images: how many, drawn without replacement.
        clutter: whether 16 crops of 6×6 pixels are scattered over each image (TC) or none (T).
        size: side of the images, in pixels.
        seed: non-negative integer, or several.
        distractors: the images to cut crops from; `None` for all of `images`.

    Returns:
        `(scenes, boxes)`: float32 `(num_images, size, size, C)` in [0, 1], and float32
        `(num_images, 4)`, `(x_min, y_min, x_max, y_max)` in pixels, 0 at the left and upper edge:
        the frame (28×28 pixels of MNIST) in which the digit was placed.

    Raises:
        ValueError: for wrong shapes or values, or too few images of the class.

    Example:

    >>> digits, labels = keras_attn.datasets.glyph_digits("test", num_examples=60)
    >>> scenes, boxes = keras_attn.datasets.co_localization(digits, labels, digit=3, num_images=2)
    >>> scenes.shape, boxes.shape
    ((2, 84, 84, 1), (2, 4))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, appendix A.2,
        https://arxiv.org/abs/1506.02025
    """
    images = check_images(images)
    labels = check_labels(labels, len(images))
    digit = check_count(digit, "digit", 0)
    members = np.flatnonzero(labels == digit)
    if check_count(num_images, "num_images") > len(members):
        raise ValueError(
            "`num_images` must not exceed the images of the class. "
            f"Received: num_images={num_images}, with {len(members)} images labelled {digit}"
        )
    choice, place = child_seeds(seed, 2)
    chosen = streams(choice, 1)[0].permutation(members)[:num_images]
    source = check_distractors(distractors, images)
    if clutter and min(source.shape[1:3]) < 6:
        name = "images" if distractors is None else "distractors"
        raise ValueError(
            f"`{name}` must be of 6x6 pixels or more to cut crops from. "
            f"Received: {name}.shape={source.shape}"
        )
    distortion = clutter_distortion(images, size, 16 if clutter else 0, 6, source)
    return distorted(distortion, images[chosen], place, return_boxes=True)
