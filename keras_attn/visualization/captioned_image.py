"""An image and the words of its caption, as all pictures of captions draw them."""

import keras
import numpy as np

from keras_attn.visualization.alignment import listed
from keras_attn.visualization.figures import channels_last

# What is left of the image where a word does not look at all, and the grey where it looks the most:
# on a black background one would not see it otherwise.
DARKEST, GLOW = 0.15, 0.3
END = "</s>"


class CaptionedImage:
    """An alignment of a captioner, checked and made ready to be drawn.

    Args:
        alignment: a `keras_attn.decoding.Alignment`: source an image, target words, weights
            `(words, height, width)`.
        end: whether the end token is one of the words.
        data_format: String, `"channels_last"` or `"channels_first"`, of the image; `None` infers
            the format from the shape.

    Attributes:
        image: float32 `(height, width, 3)` in [0, 1].
        words: strings.
        weights: float32 `(words, rows, columns)`.
    """

    def __init__(self, alignment, end=False, data_format=None):
        words = [str(word) for word in alignment.target]
        weights = np.asarray(alignment.weights, "float32")
        _check_weights(weights, len(words))
        if not end and words and words[-1] == END:
            words, weights = words[:-1], weights[:-1]
        self.image = _in_colour(alignment.source, data_format)
        self.words, self.weights = words, weights

    def lit(self, smooth=True):
        """The image as each word saw it, `(words, height, width, 3)`.

        The place with the most weight is as bright as the image, or dark grey where that is black;
        one without any weight is nearly black.

        Args:
            smooth: whether weights are interpolated between the places.
        """
        light = self.weights / np.maximum(self.weights.max(axis=(1, 2), keepdims=True), 1e-12)
        light = keras.ops.image.resize(
            light[..., None],
            self.image.shape[:2],
            interpolation="bilinear" if smooth else "nearest",
            data_format="channels_last",
        )
        light = keras.ops.convert_to_numpy(light)
        return np.maximum(self.image * (DARKEST + (1.0 - DARKEST) * light), GLOW * light)


def captioned_images(alignments, end=False, data_format=None):
    """A list of `CaptionedImage` of one alignment or several; ValueError for none."""
    return [CaptionedImage(one, end, data_format) for one in listed(alignments)]


def _check_weights(weights, count):
    if weights.ndim != 3 or len(weights) != count or 0 in weights.shape[1:]:
        raise ValueError(
            "`alignments` must have weights (words, height, width). Received: weights of shape "
            f"{weights.shape} for {count} words"
        )
    low, high = weights.min(initial=0.0), weights.max(initial=0.0)
    if not (low >= 0 and high <= 1 + 1e-3):
        raise ValueError(
            f"`alignments` must have weights in [0, 1]. Received: weights from {low} to {high}"
        )


def _in_colour(image, data_format):
    """An image in [0, 1] or 0..255, of any number of channels, as one of three in [0, 1]."""
    given_shape = np.shape(image)
    image = channels_last(image, data_format)
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(
            "`alignments` must have one image with channels, of rank 3, as their source. "
            f"Received: a source of shape {tuple(given_shape)}"
        )
    # Of the fourth channel of a picture nothing is seen; of other kinds the mean is.
    image = image[..., :3] if image.shape[-1] in (3, 4) else image.mean(axis=-1, keepdims=True)
    image = np.nan_to_num(image)
    if image.max() > 1.0:
        image = image / 255.0
    return np.broadcast_to(np.clip(image, 0.0, 1.0), (*image.shape[:2], 3))
