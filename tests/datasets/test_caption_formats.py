"""Unusual lines of caption files, missing files, and caches of features."""

import gzip
import json
import warnings

import keras
import numpy as np
import pytest

from keras_attn.datasets import cached_features, captioned_images, parallel_text

# The files are the same on every backend.
pytestmark = pytest.mark.once


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c#1.jpg"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def captions_of(folder, name, text, **options):
    (folder / name).write_text(text, encoding="utf-8")
    paths, captions = captioned_images(folder, folder / name, **options)
    return {path.name: texts for path, texts in zip(paths, captions, strict=True)}


def test_names_of_token_files(folder):
    text = "a.jpg\tNo number .\nc#1.jpg#0\tOne .\nc#1.jpg#1\t Two\tof them . \n"
    assert captions_of(folder, "c.txt", text) == {
        "a.jpg": ["No number ."],
        "c#1.jpg": ["One .", "Two\tof them ."],
    }


@pytest.mark.parametrize("header", ["image,caption", " Image,Caption ", "\ufeffimage,caption"])
def test_tables_with_empty_lines_and_captions_of_several(folder, header):
    text = f'{header}\na.jpg,"One\ntwo, three ."\n\nb.jpg, Four . \nb.jpg,\na.jpg,Five .\n'
    assert captions_of(folder, "c.csv", text) == {
        "a.jpg": ["One\ntwo, three .", "Five ."],
        "b.jpg": ["Four ."],
    }
    with pytest.raises(ValueError, match=r"line 4 of c\.csv has one"):
        captions_of(folder, "c.csv", f'{header}\na.jpg,"One\ntwo"\nb.jpg\n')


def test_a_file_path_without_its_folder_is_ignored(folder):
    image = {"filename": "a.jpg", "filepath": "val2014", "split": "val"}
    content = {"images": [{**image, "sentences": [{"raw": "One ."}]}]}
    found = captions_of(folder, "dataset.json", json.dumps(content), split="val")
    assert found == {"a.jpg": ["One ."]}


def test_a_split_without_names_is_refused(folder):
    (folder / "none.txt").write_text("\n \n")
    for split in ([], folder / "none.txt"):
        with pytest.raises(ValueError, match=r"`split` must name images.*0 names"):
            captions_of(folder, "c.txt", "a.jpg#0\tOne .\n", split=split)


@pytest.mark.parametrize(("count", "more"), [(10, False), (12, True)])
def test_ten_missing_images_are_named(folder, count, more):
    lines = [f"gone{number:02}.jpg#0\tGone .\n" for number in range(count)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (folder / "c.txt").write_text("a.jpg#0\tOne .\n" + "".join(lines))
        paths, _ = captioned_images(folder, folder / "c.txt")
    assert [path.name for path in paths] == ["a.jpg"]
    (warning,) = caught
    assert warning.filename == __file__
    text = str(warning.message)
    assert text.startswith(f"{count} images of c.txt are missing")
    assert text.count("gone") == 10
    assert ("gone09.jpg and 2 more" in text) is more
    assert ("more" in text) is more


@pytest.mark.parametrize("damage", ["plain", "changed"])
def test_damaged_packed_files_are_named(tmp_path, damage):
    content = gzip.compress("".join(map(str, range(3000))).encode())
    damaged = {"plain": b"one\n", "changed": content[:100] + bytes(200) + content[300:]}
    (tmp_path / "train.de.gz").write_bytes(damaged[damage])
    (tmp_path / "train.en").write_text("one\n")
    with pytest.raises(ValueError, match=r"must be UTF-8.*train\.de\.gz"):
        parallel_text(tmp_path, "de", "en")


def test_white_space_around_texts_is_removed(tmp_path):
    (tmp_path / "train.de").write_text(" eins \t\nzwei\ndrei\n")
    (tmp_path / "train.en").write_text("one\n \n\tthree\n")
    assert parallel_text(tmp_path, "de", "en") == (["eins", "drei"], ["one", "three"])


def doubled(batch, training):
    return keras.ops.convert_to_tensor(2 * batch)


IMAGES = np.linspace(0, 1, 5 * 4, dtype="float32").reshape(5, 2, 2, 1)


def test_features_are_of_the_dtype_of_their_file(tmp_path, capsys):
    half = cached_features(doubled, IMAGES, str(tmp_path / "half.npy"))
    assert half.dtype == "float16"
    assert not half.flags.writeable
    assert not capsys.readouterr().out
    single = cached_features(doubled, IMAGES, tmp_path / "a.npy", 2, "float32", verbose=1)
    assert single.dtype == "float32"
    np.testing.assert_array_equal(single, 2 * IMAGES)
    assert "5/5" in capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} == {"half.npy", "a.npy"}


def test_an_interrupted_computation_leaves_no_file(tmp_path):
    seen = []

    def interrupted(batch, training):
        seen.append(len(batch))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return doubled(batch, training)

    with pytest.raises(KeyboardInterrupt):
        cached_features(interrupted, IMAGES, tmp_path / "a.npy", batch_size=2)
    assert seen == [2, 2]
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="`batch_size` must be an integer >= 1"):
        cached_features(doubled, IMAGES, tmp_path / "a.npy", batch_size=0)
