"""Captions of COCO through tensorflow-datasets: a few examples in place of the large data set.

Builder, file format and reader are those of the data set.
"""

import io
import pickle
import sys

import numpy as np
import pytest

from keras_attn.datasets import ImageCaptions, TextTokenizer, coco_captions

pytestmark = pytest.mark.once

CAPTIONS = {
    "train": [["A red wall .", " Crimson all over . "], ["A blue wall ."], ["A green wall ."]],
    "restval": [["A grey wall ."]],
}
COLOURS = {"train": [(255, 0, 0), (0, 0, 255), (0, 255, 0)], "restval": [(128, 128, 128)]}


def prepared(folder, monkeypatch, file_format="array_record", captions=CAPTIONS):
    """Writes a data set of images of one color with the builder of COCO; returns the folder."""
    tfds = pytest.importorskip("tensorflow_datasets")
    builder = tfds.builder("coco_captions", data_dir=folder)

    def splits(downloads):
        return {split: examples(split) for split in captions}

    def examples(split):
        for number, texts in enumerate(captions[split]):
            yield (
                number,
                {
                    "image": np.broadcast_to(COLOURS[split][number], (20, 30, 3)).astype("uint8"),
                    "image/filename": f"{split}_{number}.jpg",
                    "image/id": number,
                    "objects": [],
                    "captions": [{"text": text, "id": n} for n, text in enumerate(texts)],
                },
            )

    monkeypatch.setattr(builder, "_split_generators", splits)
    builder.download_and_prepare(file_format=file_format)
    return folder


def test_images_and_captions_belong_together(tmp_path, monkeypatch):
    folder = prepared(tmp_path, monkeypatch)
    found = []
    for split in ("train", "restval"):
        images, captions = coco_captions(split, data_dir=folder, image_size=(8, 10))
        assert len(images) == len(captions) == len(CAPTIONS[split])
        for image, texts in zip(images, captions, strict=True):
            assert image.shape == (8, 10, 3)
            assert image.dtype == np.float32
            # JPEG changes a colour a little.
            colour = tuple(np.round(image.mean(axis=(0, 1)) * 255 / 32).tolist())
            found.append((colour, texts))
    expected = [
        (tuple(np.round(np.array(colour) / 32).tolist()), [text.strip() for text in texts])
        for split in ("train", "restval")
        for colour, texts in zip(COLOURS[split], CAPTIONS[split], strict=True)
    ]
    assert sorted(found) == sorted(expected)


def test_sums_parts_and_batches(tmp_path, monkeypatch):
    folder = prepared(tmp_path, monkeypatch)
    images, captions = coco_captions("train+restval", data_dir=folder, image_size=(6, 6))
    assert len(images) == 4
    first, first_captions = coco_captions("train[:1]", data_dir=folder, image_size=(6, 6))
    assert first_captions == captions[:1]
    np.testing.assert_array_equal(first[0], images[0])
    tokenizer = TextTokenizer.train([text for texts in captions for text in texts])
    ids = [tokenizer.encode(texts) for texts in captions]
    inputs, _ = ImageCaptions(pickle.loads(pickle.dumps(images)), ids, 4, shuffle=False)[0]
    np.testing.assert_array_equal(inputs["image"][3], images[3])
    np.testing.assert_array_equal(images[-1], images[3])
    with pytest.raises(IndexError):
        images[4]
    monkeypatch.setattr(type(images), "file", lambda self, index: io.BytesIO(b"no image"))
    with pytest.raises(ValueError, match=r"can be read. Received: (train|restval)_\d.jpg: "):
        images[0]


def test_bad_splits_sizes_and_files_are_refused(tmp_path, monkeypatch):
    for split in ("validation", "train+all", "", "[:10]"):
        with pytest.raises(ValueError, match=r"`split` must be made of .* Received"):
            coco_captions(split, data_dir=tmp_path)
    with pytest.raises(ValueError, match="`size` must be a pair"):
        coco_captions("train", data_dir=tmp_path, image_size=224)
    nothing = {"train": [["A red wall ."], []], "restval": [["A grey wall ."]]}
    folder = prepared(tmp_path / "nothing", monkeypatch, captions=nothing)
    with pytest.raises(ValueError, match=r"Every image must have captions. Received: \[\] for tr"):
        coco_captions("train", data_dir=folder)
    folder = prepared(tmp_path / "records", monkeypatch, file_format="tfrecord")
    with pytest.raises(NotImplementedError, match="Random access data source"):
        coco_captions("train", data_dir=folder)


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"coco_captions.*keras-attn\[data\]"):
        coco_captions()
