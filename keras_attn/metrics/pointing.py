import numpy as np

from keras_attn.layers.arguments import check_list


def pointing_accuracy(alignments, boxes, data_format="channels_last"):
    """Fraction of named objects on which the attention of the model lies.

    A word of a caption that names a thing of its scene is a hit where the middle of the place with
    the largest attention weight lies in the frame of the thing. Words that name nothing in the
    scene, wrong nouns among them, do not count.

    Args:
        alignments: a list of `keras_attn.decoding.Alignment` as captioners give them: the source
            an image, the target words, the weights `(words, height, width)`.
        boxes: for each a dictionary, by word the frame `(top, left, bottom, right)` in pixels, the
            last two exclusive, see `keras_attn.datasets.described_scenes`.
        data_format: of the images.

    Returns:
        `(accuracy, count)`: the fraction of hits, NaN where nothing was named, and the number of
        words that named something.

    Raises:
        ValueError: for lists of different lengths.

    Example:

    >>> weights = np.zeros((2, 4, 4))
    >>> weights[:, 1, 3] = 1.0
    >>> alignment = keras_attn.decoding.Alignment(np.zeros((8, 8, 3)), ["a", "star"], weights)
    >>> keras_attn.metrics.pointing_accuracy([alignment], [{"star": (2, 5, 6, 8)}])
    (1.0, 1)

    Reference:
        Zhang et al., "Top-down Neural Attention by Excitation Backprop", 2016, section 4.1,
        https://arxiv.org/abs/1608.00507
    """
    check_list("alignments", alignments, "a list of `keras_attn.decoding.Alignment`")
    check_list("boxes", boxes, "a list of dictionaries")
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            '`data_format` must be "channels_last" or "channels_first". '
            f"Received: data_format={data_format!r}"
        )
    if len(alignments) != len(boxes):
        raise ValueError(
            "`alignments` and `boxes` must be equally many. "
            f"Received: {len(alignments)} and {len(boxes)}"
        )
    hits = []
    first = 0 if data_format == "channels_last" else 1
    for alignment, frames in zip(alignments, boxes, strict=True):
        _check(alignment, frames)
        size = np.array(alignment.source.shape[first : first + 2])
        for word, weights in zip(alignment.target, alignment.weights, strict=True):
            if word in frames:
                cell = np.unravel_index(np.argmax(weights), weights.shape)
                down, across = (np.array(cell) + 0.5) * size / weights.shape
                top, left, bottom, right = frames[word]
                hits.append(top <= down < bottom and left <= across < right)
    return (float(np.mean(hits)) if hits else float("nan")), len(hits)


def _check(alignment, frames):
    """Raises `ValueError` for what is no alignment of an image, or no frames."""
    source, target, weights = (
        getattr(alignment, name, None) for name in ("source", "target", "weights")
    )
    shape = np.shape(weights)
    words = len(target) if hasattr(target, "__len__") else -1
    if np.ndim(source) != 3 or len(shape) != 3 or shape[0] != words or 0 in shape[1:]:
        raise ValueError(
            "`alignments` must hold images (height, width, channels) with weights (words, height, "
            f"width). Received: source of shape {np.shape(source)}, weights of shape {shape}, "
            f"target={target!r}"
        )
    if not isinstance(frames, dict) or any(np.shape(frame) != (4,) for frame in frames.values()):
        raise ValueError(
            "`boxes` must hold dictionaries, word -> (top, left, bottom, right). "
            f"Received: {frames!r}"
        )
