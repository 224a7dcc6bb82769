import numpy as np

from keras_attn.datasets.padded_batches import PaddedBatches
from keras_attn.datasets.sequence_pairs import check_integers, padded
from keras_attn.datasets.text_tokenizer import END, START
from keras_attn.datasets.warping import check_count
from keras_attn.layers.arguments import check_list


class ImageCaptions(PaddedBatches):
    """Images and their captions in batches, for teacher forcing.

    A batch is `({"image": (batch, height, width, channels), "target": (batch, steps)}, labels)`:
    the target begins with the start token, and the labels are the target one step ahead, ending
    with the end token, both int32 and padded with 0. Where an image has several captions, an epoch
    sees one of them, drawn anew for each.

    Args:
        images: an array `(images, height, width, channels)`, or anything that gives one image for
            an integer.
        captions: for each image a list of lists of positive integers, without start and end, as
            `TextTokenizer.encode` gives them.
        batch_size: images in a batch; the last may hold fewer.
        pad_to_multiple_of: lengths are rounded up to a multiple of it.
        shuffle: whether order and captions are drawn anew for every epoch; otherwise each image
            comes with its first caption, in the given order.
        seed: non-negative integer, of the draws.
        **kwargs: of `keras.utils.PyDataset`.

    Raises:
        ValueError: for images and captions that are not equally many, an image without a caption,
            or tokens that are no integers, or padding, start or end.

    Example:

    >>> batches = keras_attn.datasets.ImageCaptions(np.zeros((3, 8, 8, 1)), [[[4, 5]]] * 3, 2)
    >>> inputs, labels = batches[0]
    >>> inputs["image"].shape, labels.tolist()
    ((2, 8, 8, 1), [[4, 5, 2, 0], [4, 5, 2, 0]])
    """

    def __init__(
        self, images, captions, batch_size=64, pad_to_multiple_of=4, shuffle=True, seed=0, **kwargs
    ):
        super().__init__(**kwargs)
        check_list("images", images, "an array or a sequence of images")
        check_list("captions", captions, "a list of lists for each image")
        if len(images) != len(captions) or not len(images):
            raise ValueError(
                "`images` and `captions` must be equally many, one at least. "
                f"Received: {len(images)} and {len(captions)}"
            )
        for several in captions:
            check_list("captions", several, "a list of lists for each image")
            if not len(several):
                raise ValueError("`captions` must hold one for each image. Received: []")
            check_integers("captions", several)
            if any(token <= END for caption in several for token in caption):
                raise ValueError(
                    "`captions` must be without padding, start and end, which are added here: "
                    f"integers above {END}. Received: {several}"
                )
        self.images = images
        self.captions = captions
        self.batch_size = check_count(batch_size, "batch_size")
        self.pad_to_multiple_of = check_count(pad_to_multiple_of, "pad_to_multiple_of")
        self.shuffle = shuffle
        self.seed = check_count(seed, "seed", 0)
        self.epoch = 0
        self._draw()

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def draw_batch(self, number):
        order, which = self._drawn
        rows = order[number * self.batch_size : (number + 1) * self.batch_size]
        chosen = [self.captions[row][which[row]] for row in rows]
        return (rows, chosen), [1 + max(map(len, chosen))]

    def pad_batch(self, content, lengths):
        rows, chosen = content
        target, labels = (
            padded([[*before, *caption, *after] for caption in chosen], len(rows), 1, *lengths)
            for before, after in (([START], []), ([], [END]))
        )
        images = np.stack(self.map(self.images.__getitem__, rows))
        return {"image": images, "target": target}, labels

    def lengths_differ(self):
        return [len(set(self._round_up(self._lengths()))) > 1]

    def longest_lengths(self):
        return [max(self._lengths())]

    def _lengths(self):
        """Returns the lengths of all captions that an epoch may use, including the end token."""
        used = self.captions if self.shuffle else [several[:1] for several in self.captions]
        return [1 + len(caption) for several in used for caption in several]

    def on_epoch_end(self):
        self.epoch += 1
        if self.shuffle:
            self._draw()

    def _draw(self):
        """Draws the order of the images of this epoch, and the caption index of each image."""
        order = np.arange(len(self.images))
        which = np.zeros(len(self.images), int)
        if self.shuffle:
            generator = np.random.default_rng([self.seed, self.epoch])
            order = generator.permutation(order)
            which = generator.integers([len(several) for several in self.captions])
        self._drawn = order, which
