"""COCO's photographs with their captions, through tensorflow-datasets."""

import io

from keras_attn.datasets.image_files import ImageFiles
from keras_attn.datasets.optional_tfds import tensorflow_datasets

SPLITS = ("train", "val", "test", "restval")


def coco_captions(split="train", data_dir=None, image_size=(224, 224), keep_aspect_ratio=True):
    """The photographs of COCO 2014 with about five captions each, in the splits of Karpathy and Li.

    The reading is done by tensorflow-datasets (`pip install "keras-attn[data]"`), which downloads
    the set once, 27 GB, where `data_dir` does not hold it yet, and prepares it as files that can be
    read in any order. The captions are read at once, which goes through the split once; an image is
    read when it is asked for. The order is always the same.

    Args:
        split: `"train"`, `"val"`, `"test"`, or `"restval"`, what the validation and the test have
            left of COCO's own validation set and is mostly trained on too; or parts and sums as
            tensorflow-datasets has them, `"train+restval"`, `"train[:1000]"`.
        data_dir: folder of the tensorflow-datasets; `None` for its own default, which the
            environment variable `TFDS_DATA_DIR` sets.
        image_size, keep_aspect_ratio: `size` and `keep_aspect_ratio` of `ImageFiles`.

    Returns:
        `(images, captions)`: a sequence that gives one image for an integer, float32 `(height,
        width, 3)` in [0, 1], and for each image the list of its captions.

    Raises:
        ValueError: for an unknown split, a size that is no pair of positive integers, or an image
            without a caption.
        ImportError: If tensorflow-datasets is not installed.
        ConnectionError: If the data set is not in `data_dir` and cannot be downloaded.
        NotImplementedError: where `data_dir` holds the set as files that are read in one order
            alone, TFRecords; they have to be prepared anew, in another folder.

    Example:

    >>> images, captions = keras_attn.datasets.coco_captions("val")  # doctest: +SKIP
    >>> len(images), images[0].shape, len(captions[0])  # doctest: +SKIP
    (5000, (224, 224, 3), 5)

    Reference:
        Lin et al., "Microsoft COCO: Common Objects in Context", 2014,
        https://arxiv.org/abs/1405.0312; Karpathy and Li, "Deep Visual-Semantic Alignments for
        Generating Image Descriptions", 2015, https://arxiv.org/abs/1412.2306
    """
    if any(part.strip().partition("[")[0] not in SPLITS for part in split.split("+")):
        raise ValueError(
            f"`split` must be made of {SPLITS}, as tensorflow-datasets writes parts and sums. "
            f"Received: split={split!r}"
        )
    images = _StoredImages([], image_size, keep_aspect_ratio)
    tfds = tensorflow_datasets("coco_captions", data_dir)
    images.source = tfds.data_source(
        "coco_captions",
        split=split,
        data_dir=data_dir,
        decoders={"image": tfds.decode.SkipDecoding()},
    )
    captions = []
    for example in (images.source[index] for index in range(len(images))):
        texts = [text.decode("utf-8").strip() for text in example["captions"]["text"]]
        if not all(texts) or not texts:
            name = example["image/filename"].decode("utf-8")
            raise ValueError(f"Every image must have captions. Received: {texts} for {name}")
        captions.append(texts)
    return images, captions


class _StoredImages(ImageFiles):
    """`ImageFiles` that are stored as examples of tensorflow-datasets."""

    def __len__(self):
        return len(self.source)

    def file(self, index):
        # A range refuses and counts from the end as lists do, which the source does not.
        return io.BytesIO(self.source[range(len(self))[index]]["image"])

    def name(self, index):
        return self.source[range(len(self))[index]]["image/filename"].decode("utf-8")
