"""Fresh distortions for every epoch, as a Keras dataset."""

import numpy as np

from keras_attn.datasets.batches import Batches
from keras_attn.datasets.distortions import make_distortion
from keras_attn.datasets.warping import CHUNK, check_count, check_images, check_labels, select


class DistortedDigits(Batches):
    """Batches of images that are distorted anew in every epoch, for `model.fit`.

    Epoch `e` shuffles the images and distorts them as seed `(seed, e)` says: the same images in
    the same order, whatever the batch size; another draw at every epoch. For a test set that stays
    the same, distort it once with `distort`.

    Args:
        images: float `(N, H, W, C)` in [0, 1].
        labels: integers `(N,)`.
        kind: the distortion, see `distort`.
        batch_size: images in a batch; the last one may be smaller.
        seed: non-negative integer.
        shuffle: whether every epoch has an order of its own.
        size, distractors, num_distractors, distractor_size: see `distort`.
        **kwargs: `workers`: Non-negative integer, number of threads that distort a batch.

    Raises:
        ValueError: as `distort`, and where images and labels do not match.

    Example:

    >>> digits, labels = keras_attn.datasets.glyph_digits("test", num_examples=10)
    >>> batches = keras_attn.datasets.DistortedDigits(digits, labels, "RTS", batch_size=4)
    >>> images, targets = batches[2]
    >>> len(batches), images.shape, targets.shape
    (3, (2, 42, 42, 1), (2,))

    Reference:
        Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
    """

    def __init__(
        self,
        images,
        labels,
        kind,
        batch_size=256,
        seed=0,
        shuffle=True,
        size=None,
        distractors=None,
        num_distractors=None,
        distractor_size=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.images = check_images(images)
        self.labels = check_labels(labels, len(self.images))
        if not len(self.images):
            raise ValueError("`images` must hold at least one image. Received: none")
        self.batch_size = check_count(batch_size, "batch_size")
        self.seed = check_count(seed, "seed", 0)
        self.shuffle = shuffle
        self._distortion = make_distortion(
            kind, self.images, size, distractors, num_distractors, distractor_size
        )
        self._epoch = 0
        self._draw()

    def _draw(self):
        num = len(self.images)
        drawn = self._distortion.draw(num, self.images.shape[1:], [self.seed, self._epoch])
        order = np.arange(num)
        if self.shuffle:
            np.random.default_rng([self.seed, self._epoch]).shuffle(order)
        # One assignment: another thread may read the pair to make a batch.
        self._drawn = drawn, order

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def make_batch(self, number):
        drawn, order = self._drawn
        part = order[number * self.batch_size : (number + 1) * self.batch_size]

        def piece(start):
            rows = part[start : start + CHUNK]
            return self._distortion.apply(self.images[rows], select(drawn, rows))

        return np.concatenate(self.map(piece, range(0, len(part), CHUNK))), self.labels[part]

    def on_epoch_end(self):
        self._epoch += 1
        self._draw()
