"""Folders of images with their captions, images from files, and features on disk."""

import json

import keras
import numpy as np
import pytest

from keras_attn.datasets import ImageCaptions, ImageFiles, cached_features, captioned_images
from keras_attn.datasets.caption_files import _parse_table

pytestmark = pytest.mark.once

FLICKR = "b.jpg#0\tA dog .\nb.jpg#1\tIt runs , fast .\n\na.jpg#0\tA cat .\n"
TABLE = 'image,caption\nb.jpg,A dog .\nb.jpg,"It runs , fast ."\na.jpg,A cat .\n'
UNQUOTED = "image,caption\nb.jpg,A dog .\nb.jpg,It runs , fast .\na.jpg,A cat .\n"
COCO = json.dumps(
    {
        "images": [
            {"id": 7, "file_name": "b.jpg"},
            {"id": 3, "file_name": "a.jpg"},
            {"id": 4, "file_name": "unseen.jpg"},
        ],
        "annotations": [
            {"image_id": 3, "caption": "A cat ."},
            {"image_id": 7, "caption": "A dog ."},
            {"image_id": 7, "caption": "It runs , fast ."},
        ],
    }
)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.jpg", "b.jpg")):
        pixels = np.full((8, 12, 3), 100.0 * number)
        pixels[:, :4] = 255.0
        keras.utils.save_img(
            tmp_path / name, pixels, "channels_last", scale=False, quality=100, subsampling=0
        )
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [("c.txt", FLICKR), ("c.csv", TABLE), ("c.txt", UNQUOTED), ("c.json", COCO)],
    ids=["flickr", "table", "unquoted", "coco"],
)
def test_kinds_of_files(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    paths, captions = captioned_images(folder, folder / name)
    assert [path.name for path in paths] == ["b.jpg", "a.jpg"]
    assert captions == [["A dog .", "It runs , fast ."], ["A cat ."]]


def test_line_separators_may_be_part_of_a_caption(folder):
    (folder / "c.txt").write_text("a.jpg#0\tOne\u2028two .\r\n", encoding="utf-8")
    assert captioned_images(folder, folder / "c.txt")[1] == [["One\u2028two ."]]
    (folder / "c.csv").write_text('image,caption\na.jpg,"One\ntwo ."\n', encoding="utf-8")
    assert captioned_images(folder, folder / "c.csv")[1] == [["One\ntwo ."]]


@pytest.mark.parametrize(
    ("name", "text", "error", "words"),
    [
        ("c.txt", "z.jpg#0\tGone .\n", FileNotFoundError, r"1 images .* missing .*z\.jpg"),
        ("c.txt", "a.jpg A cat .\n", ValueError, "line 1 of c.txt has none"),
        ("c.csv", "image,caption\na.jpg\n", ValueError, "line 2 of c.csv has one"),
        ("c.json", "[]", ValueError, "must be a JSON object"),
        ("c.json", COCO.replace("3,", "5,", 1), ValueError, "which has no image 3"),
        ("c.txt", "a.jpg#0\t \n", ValueError, "must hold captions"),
        ("c.txt", "", ValueError, r"must hold captions.*c\.txt"),
        ("c.txt", b"a.jpg#0\tA caf\xe9 .\n", ValueError, r"must be UTF-8. .*c\.txt"),
        ("c.json", "{", ValueError, r"must be a JSON object .*c\.json"),
        ("c.json", '{"images": [{"id": 1}]}', ValueError, r"must be a JSON object .*c\.json"),
        (
            "c.json",
            COCO.replace('"A cat ."', "null"),
            ValueError,
            r"c\.json, caption None .*a\.jpg",
        ),
        ("c.json", COCO.replace('"A cat ."', "3"), ValueError, r"c\.json, caption 3 .*a\.jpg"),
    ],
)
def test_bad_files_are_refused(folder, name, text, error, words):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(error, match=words):
        captioned_images(folder, folder / name)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ('"A dog runs', '"A dog runs'),
        ('"A dog" runs', '"A dog" runs'),
        ('""" A dog "" runs"', '" A dog " runs'),
        ('A "dog" runs, fast', 'A "dog" runs, fast'),
    ],
)
def test_an_unclosed_quotation_mark_does_not_join_rows(folder, second, expected):
    text = f'image,caption\na.jpg,{second}\nb.jpg,A cat\nb.jpg,"Two, cats"\n'
    (folder / "c.csv").write_text(text)
    paths, captions = captioned_images(folder, folder / "c.csv")
    assert [path.name for path in paths] == ["a.jpg", "b.jpg"]
    assert captions == [[expected], ["A cat", "Two, cats"]]


def test_the_next_image_may_have_another_suffix():
    lines = ["image,caption", 'a.jpg,"A dog runs', "b.PNG,A cat"]
    rows = list(_parse_table(lines, "c.csv"))
    assert rows == [("a.jpg", '"A dog runs'), ("b.PNG", "A cat")]


def test_a_missing_image_is_reported_and_skipped(folder):
    # As in the token file of Flickr8k.
    (folder / "c.txt").write_text(FLICKR + "b.jpg.1#0\tPeople .\nb.jpg.1#1\tThey wait .\n")
    with pytest.warns(UserWarning, match=r"1 images of c\.txt are missing .*b\.jpg\.1"):
        paths, captions = captioned_images(folder, folder / "c.txt")
    assert [path.name for path in paths] == ["b.jpg", "a.jpg"]
    assert captions == [["A dog .", "It runs , fast ."], ["A cat ."]]
    with pytest.raises(FileNotFoundError, match=r"b\.jpg\.1"):
        captioned_images(folder, folder / "c.txt", missing="raise")
    with pytest.raises(ValueError, match="`missing` must be"):
        captioned_images(folder, folder / "c.txt", missing="skip")


@pytest.mark.filterwarnings("error")  # images outside the split need not exist
@pytest.mark.parametrize(
    ("name", "text"),
    [("c.txt", FLICKR + "z.jpg#0\tGone .\n"), ("c.csv", TABLE + "z.jpg,Gone .\n")],
)
def test_a_split_is_a_file_or_a_list_of_names(folder, name, text):
    (folder / name).write_text(text)
    (folder / "train.txt").write_text("a.jpg\r\n\n")
    for split in (folder / "train.txt", str(folder / "train.txt"), ["a.jpg"]):
        paths, captions = captioned_images(folder, folder / name, split=split)
        assert [path.name for path in paths] == ["a.jpg"]
        assert captions == [["A cat ."]]
    for wrong, words in (
        (["a.jpg", "y.jpg"], "without captions: y.jpg"),
        ("train", "a file with one image name per line"),
        ([3], r"`split` must be a list of strings.*split\[0\]=3"),
    ):
        with pytest.raises(ValueError, match=words):
            captioned_images(folder, folder / name, split=wrong)


@pytest.mark.parametrize("filepath", [None, "val2014"])
def test_splits_of_karpathy_and_li(folder, filepath):
    def image(name, split, *captions):
        where = {} if filepath is None else {"filepath": filepath}
        sentences = [{"raw": text, "tokens": text.split()} for text in captions]
        return {"filename": name, "split": split, "sentences": sentences, **where}

    images = [image("b.jpg", "train", "A dog .", "It runs , fast ."), image("a.jpg", "val", "A .")]
    content = {"dataset": "flickr8k", "images": images}
    (folder / "dataset_flickr8k.json").write_text(json.dumps(content))
    if filepath is not None:
        (folder / filepath).mkdir()
        for name in ("a.jpg", "b.jpg"):
            (folder / name).rename(folder / filepath / name)
    for split, names in (
        (None, ["b.jpg", "a.jpg"]),
        ("train", ["b.jpg"]),
        ("val", ["a.jpg"]),
        ("val+train", ["b.jpg", "a.jpg"]),
    ):
        paths, captions = captioned_images(folder, folder / "dataset_flickr8k.json", split=split)
        assert [path.name for path in paths] == names
        assert all(path.exists() for path in paths)
        assert len(captions[0]) == (2 if names[0] == "b.jpg" else 1)
    with pytest.raises(ValueError, match=r"`split` must be .* of \['train', 'val'\].*'test'"):
        captioned_images(folder, folder / "dataset_flickr8k.json", split="test")


def test_images_are_read_by_index(folder):
    images = ImageFiles([folder / "a.jpg", folder / "b.jpg", "nowhere.jpg"], (4, 4))
    assert len(images) == 3
    assert images[1].dtype == "float32"
    # The middle of a wide image, at half its size: its white strip is cut in half.
    np.testing.assert_allclose(images[1][:, 2:], 100 / 255, atol=0.05)
    assert images[1][:, 0].min() > 0.6
    squeezed = ImageFiles(images.paths, (4, 6), keep_aspect_ratio=False)[1]
    assert squeezed.shape == (4, 6, 3)
    assert squeezed[:, :1].min() > 0.9
    batches = ImageCaptions(ImageFiles(images.paths[:2], (4, 4)), [[[4]], [[5]]], 2)
    assert batches[0][0]["image"].shape == (2, 4, 4, 3)
    with pytest.raises(FileNotFoundError):
        images[2]
    with pytest.raises(ValueError, match="`size` must be a pair"):
        ImageFiles([], 4)


def test_features_are_computed_once(tmp_path):
    calls = []

    def encoder(batch, training):
        assert training is False
        calls.append(len(batch))
        return keras.ops.convert_to_tensor(batch[:, ::2, ::2] * 2.0)

    images = np.arange(5 * 16, dtype="float32").reshape(5, 4, 4, 1) / 80
    path = tmp_path / "features" / "half.npy"
    first = cached_features(encoder, images, path, batch_size=2)
    assert calls == [2, 2, 1]
    np.testing.assert_allclose(first, images[:, ::2, ::2] * 2.0, atol=1e-3)
    again = cached_features(encoder, images, path)
    assert len(calls) == 3
    np.testing.assert_array_equal(first, again)
    with pytest.raises(ValueError, match="must hold the features of 4 images"):
        cached_features(encoder, images[:4], path)
    with pytest.raises(ValueError, match="at least one image"):
        cached_features(encoder, images[:0], tmp_path / "none.npy")
    with pytest.raises(ZeroDivisionError):
        cached_features(lambda batch, training: 1 / 0, images, tmp_path / "broken.npy")
    assert not list(tmp_path.glob("broken*"))


@pytest.mark.parametrize("damaged", ["no image", "cut short"])
def test_a_damaged_image_is_named_and_leaves_no_cache(folder, damaged):
    whole = (folder / "a.jpg").read_bytes()
    (folder / "bad.jpg").write_bytes(whole[: len(whole) // 2] if damaged == "cut short" else b"?")
    images = ImageFiles([folder / "a.jpg", folder / "bad.jpg"], (4, 4))
    with pytest.raises(ValueError, match=r"`paths` must be of images .* Received: .*bad\.jpg"):
        images[1]
    calls = []

    def encoder(batch, training):
        calls.append(len(batch))
        return keras.ops.convert_to_tensor(batch)

    with pytest.raises(ValueError, match=r"bad\.jpg"):
        cached_features(encoder, images, folder / "cache" / "features.npy", batch_size=1)
    # The first image had been written.
    assert calls == [1]
    assert not list((folder / "cache").iterdir())
