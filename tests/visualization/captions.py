"""A hand-made caption, and the frames of animations."""

import numpy as np

from keras_attn.decoding import Alignment


def described(words=("a", "red", "star", "</s>"), shape=(8, 12, 3), value=0.8):
    """Returns a grey image, and words with weights 3/4 at the lower right, 1/4 upper left."""
    weights = np.zeros((len(words), 2, 3))
    weights[:, 1, 2] = 0.75
    weights[:, 0, 0] = 0.25
    return Alignment(np.full(shape, value), list(words), weights)


def frames_of(path):
    """Returns the frames of a GIF as arrays, and their durations in milliseconds."""
    from PIL import Image

    frames, durations = [], []
    with Image.open(path) as animation:
        for number in range(animation.n_frames):
            animation.seek(number)
            frames.append(np.asarray(animation.convert("RGB")).astype(int))
            durations.append(animation.info["duration"])
    return frames, durations
