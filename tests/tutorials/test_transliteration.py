"""The tutorial on transliteration, with generated words and words of files."""

import pytest

from tests.tutorials.running import check_picture, check_refused, imported, run

pytestmark = pytest.mark.once

SMALL = ["--units", "16", "--embedding", "8", "--epochs", "1", "--beams", "2"]


@pytest.mark.training
def test_made_up_words(tmp_path):
    printed, figures = run(
        "transliteration", tmp_path, *SMALL, "--examples", "128", "--weights", "weights",
        backend="torch",
    )  # fmt: skip
    assert figures["examples"] == {"train": 128, "val": 500, "test": 500}
    found = figures["models"]["rnn_search"]
    assert 0 <= found["beam"]["exact_match"] <= 100
    assert len(found["history"]["val_exact_match"]) == 1
    assert f"{found['parameters']:,}" in printed
    assert (tmp_path / "weights" / "rnn_search.keras").stat().st_size > 10_000
    for name in ("alignments_letters.png", "transliteration_curves.png"):
        check_picture(tmp_path / "pictures" / name)
    assert (tmp_path / "pictures" / "alignments_letters.html").exists()


def test_words_of_files(tmp_path, monkeypatch):
    module = imported("transliteration", monkeypatch)
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.tsv").write_text("अंक\tank\t5\n", encoding="utf-8")
    files = [str(tmp_path / f"{name}.tsv") for name in ("train", "dev", "test")]
    options = module.parse_arguments(
        ["--train", files[0], "--validation", files[1], "--test", files[2], "--columns", "1", "0"]
    )
    assert module.load(options)["val"] == (["ank"], ["अंक"])


def test_bad_options_are_refused(capsys, monkeypatch):
    options = ["--train", "words.tsv"]
    check_refused("transliteration", options, "--validation", capsys, monkeypatch)
