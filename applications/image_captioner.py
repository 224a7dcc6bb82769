"""Base class of models that caption images."""

import keras
import numpy as np
from keras import ops

from keras_attn.applications.arrays import float_array
from keras_attn.applications.generative_model import GenerativeModel, outputs_and_alignments
from keras_attn.applications.image_features import ImageFeatures
from keras_attn.applications.own_loss import mean_loss
from keras_attn.applications.padded_batch_size import padded_batch_size
from keras_attn.applications.scaled_images import ScaledImages
from keras_attn.applications.vocabulary import names_and_ids
from keras_attn.datasets.sequence_pairs import padded
from keras_attn.datasets.text_tokenizer import START, TextTokenizer
from keras_attn.decoding import Alignment
from keras_attn.losses.token_shapes import spread
from keras_attn.ops import precision


def loss_trackers():
    """Returns the metrics of a captioner that adds an attention loss."""
    return [keras.metrics.Mean(name=name) for name in ("crossentropy", "attention_loss")]


class ImageCaptioner(ImageFeatures, ScaledImages, GenerativeModel, is_base=True):
    """A functional model `{"image", "target"} -> ...` that also writes captions.

    Args:
        inputs: `image`, `(batch, height, width, channels)`, and `target`, integers `(batch,
            steps)`.
        outputs, weights: See `GenerativeModel`.
        grid: shape of what is attended to, height and width of a map; None for a model without
            attention.
        **kwargs: Arguments of `keras.Model`.
    """

    def __init__(self, inputs, outputs, weights, grid=None, **kwargs):
        image, target = inputs
        inputs = {"image": image, "target": target}
        super().__init__(inputs, outputs, weights, **kwargs)
        self._grid = grid

    def generate(
        self,
        images,
        max_length=30,
        search="greedy",
        batch_size=32,
        return_alignments=False,
        **options,
    ):
        """The captions that the model writes.

        Args:
            images: `(images, height, width, channels)`, as the model was trained on them.
            max_length: tokens of the longest caption, the end included.
            search: `"greedy"`, `"beam"` or `"sample"`.
            batch_size: Positive integer, number of images per search. If searches are compiled, a
                smaller batch is padded to a power of two.
            return_alignments: whether to return where each word looked.
            **options: of the search, see `RNNSearch.generate`.

        Returns:
            A list of strings, or of lists of integers without the end for a model without a
            tokenizer. With `return_alignments=True` also a list of
            `keras_attn.decoding.Alignment`: its source is the image, its target holds the end, its
            weights are `(words, height, width)` of the feature map.

        Raises:
            ValueError: for images of another shape, an unknown search or option, or alignments of
                a model without attention; and see the search.
        """
        needs = ["return_alignments"] if return_alignments else []
        options = self._checked_search(search, options, batch_size, max_length, needs)
        images = self._checked_images(images)
        texts = isinstance(self.target_vocabulary, TextTokenizer)
        results = []
        for first in range(0, len(images), batch_size):
            batch = images[first : first + batch_size]
            missing = padded_batch_size(len(batch), batch_size) - len(batch)
            filled = np.concatenate([batch, *[batch[-1:]] * missing])
            found = self._found(filled, search, max_length, options)
            sources = self._sources(filled) if return_alignments else batch
            for source, found_here in zip(sources[: len(batch)], found, strict=False):
                results.append(self._hypotheses(found_here, texts, self._aligner(source)))
        return outputs_and_alignments(results, options, return_alignments)

    def align(self, images, captions):
        """Computes the attention weights for given captions.

        Args:
            images: see `generate`.
            captions: as many strings, or lists of integers.

        Returns:
            A list of `keras_attn.decoding.Alignment`, see `generate`.

        Raises:
            ValueError: for a model without attention, or what does not fit it.
        """
        if self._attention_weights is None:
            raise ValueError(
                f"`align` needs a model with attention. Received: a {type(self).__name__}"
            )
        images = self._checked_images(images)
        vocabulary = self.target_vocabulary
        names, ids = names_and_ids("captions", captions, "target_vocabulary", vocabulary)
        if len(images) != len(ids):
            raise ValueError(
                "`images` and `captions` must be equally many. "
                f"Received: {len(images)} and {len(ids)}"
            )
        alignments = []
        for image, words, target in zip(images, names, ids, strict=True):
            batch = {"image": image[None], "target": padded([[START, *target[:-1]]], 1, 16)}
            weights = self._compiled.get("align", self._attention_weights)(batch)
            weights = ops.convert_to_numpy(weights)[0]
            align = self._aligner(self._sources(image[None])[0])
            alignments.append(align(words, weights[: len(target)]))
        return alignments

    def _sources(self, images):
        """Returns the attended features of each image as an alignment shows them."""
        return images

    def _aligner(self, source):
        """A function that gives the alignments of captions with what one of `_sources` is."""
        return lambda target, weights: Alignment(
            source, target, np.reshape(weights, (len(weights), *self._grid))
        )

    def _sum_of_losses(self, crossentropy, attention_loss, batch_size):
        """Adds the attention loss to the loss of `compile`, and tracks both as metrics."""
        # Losses are divided by the number of replicas, metrics are means over the replicas.
        share = mean_loss(ops.ones((1,), crossentropy.dtype))
        for tracker, value in zip(self.loss_trackers, (crossentropy, attention_loss), strict=True):
            # Weighted by the size of the batch, as Keras weights the loss.
            tracker.update_state(value / share, sample_weight=batch_size)
        return crossentropy + attention_loss

    def _per_word(self, loss, y, sample_weight):
        """Scales a loss per caption to a loss per word, the unit of the cross-entropy of Keras.

        The weight of a caption is the mean weight of its words.

        Args:
            loss: Float tensor of shape `(batch,)`, loss of each caption.
            y: Integer tensor of shape `(batch, steps)`, labels.
            sample_weight: Tensor of shape `(batch,)`, weights of the captions, or `(batch, steps)`,
                weights of the words; or `None`.
        """
        written = ops.cast(ops.not_equal(y, self.pad_id), loss.dtype)
        words = precision.maximum(ops.sum(written, axis=-1), 1.0)
        weights = None
        if sample_weight is not None:
            given = spread(sample_weight, y, loss.dtype)
            weights = ops.sum(given * written, axis=-1) / words
        return mean_loss(loss, weights) / ops.mean(words)

    def _checked_images(self, images):
        images = float_array("images", images)
        if images.shape[1:] != tuple(self.image_shape):
            raise ValueError(
                f"`images` must be of shape (images, *{tuple(self.image_shape)}). "
                f"Received: shape {images.shape}"
            )
        self.check_scale("images", images)
        return images
