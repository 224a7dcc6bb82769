import numpy as np

from keras_attn.datasets.batches import Batches
from keras_attn.datasets.warping import check_count
from keras_attn.ops.checks import number_array


class BinarizedImages(Batches):
    """Grey images in black and white, drawn anew whenever they are asked for.

    A pixel of intensity `x` is 1 with probability `x`. A model that sees an image a hundred times
    sees a hundred images: it overfits less than on a fixed binarisation, and its bounds on the test
    set are not those of the fixed one. For models that are trained on images alone, such as
    `keras_attn.applications.DRAW`.

    Args:
        images: `(N, height, width, channels)` in [0, 1].
        batch_size: images in a batch; the last one of an epoch may be smaller.
        shuffle: whether each epoch has an order of its own.
        fixed: whether all epochs have the same draws and the same order, as for validation.
        seed: non-negative integer.
        **kwargs: of `keras.utils.PyDataset`.

    Raises:
        ValueError: for images of another rank or outside of [0, 1], or none, a batch size that is
            not positive, or a negative seed.

    Example:

    >>> grey = np.full((10, 4, 4, 1), 0.5)
    >>> (batch,) = keras_attn.datasets.BinarizedImages(grey, batch_size=8)[0]
    >>> batch.shape, sorted(set(batch.ravel().tolist()))
    ((8, 4, 4, 1), [0.0, 1.0])

    Reference:
        Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", 2016, section 5,
        https://arxiv.org/abs/1509.00519
    """

    def __init__(self, images, batch_size=64, shuffle=True, fixed=False, seed=0, **kwargs):
        super().__init__(**kwargs)
        images = number_array("images", images)
        if images.ndim != 4 or not 0 <= images.min(initial=0) <= images.max(initial=0) <= 1:
            raise ValueError(
                "`images` must be (N, height, width, channels) in [0, 1]. Received: shape "
                f"{images.shape}, from {images.min(initial=0):g} to {images.max(initial=0):g}"
            )
        if not len(images):
            raise ValueError("`images` must hold at least one image. Received: none")
        self.images = images
        self.batch_size = check_count(batch_size, "batch_size")
        self.shuffle, self.fixed = shuffle, fixed
        self.seed = check_count(seed, "seed", 0)
        self.epoch = 0

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def make_batch(self, number):
        order = np.arange(len(self.images))
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(order)
        part = np.sort(order[number * self.batch_size : (number + 1) * self.batch_size])
        images = self.images[part]
        draws = np.random.default_rng([self.seed, self.epoch, number]).random(images.shape)
        return ((draws < images).astype("float32"),)

    def on_epoch_end(self):
        if not self.fixed:
            self.epoch += 1
