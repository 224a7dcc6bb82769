"""The tutorial on translation, with dates and sentences."""

import pytest

from tests.tutorials.running import check_picture, check_refused, run

pytestmark = pytest.mark.once

SMALL = ["--units", "16", "--embedding", "8", "--epochs", "1", "--beams", "2"]


@pytest.mark.training
def test_dates(tmp_path):
    printed, figures = run(
        "translation",
        tmp_path,
        *SMALL,
        "--examples",
        "256",
        "--validation",
        "40",
        "--test",
        "80",
        "--weights",
        "weights",
        backend="torch",
    )
    assert figures["examples"] == {"train": 256, "val": 40, "test": 80}
    found = figures["models"]["rnn_search"]
    assert 0 <= found["greedy"]["exact_match"] <= 100
    assert len(found["history"]["val_perplexity"]) == 1
    assert f"perplexity {found['test_perplexity']:.2f}" in printed
    assert (tmp_path / "weights" / "rnn_search.keras").stat().st_size > 10_000
    for name in ("alignments_rnn_search.png", "translation_curves.png"):
        check_picture(tmp_path / "pictures" / name)
    assert "YYYY" not in (tmp_path / "pictures" / "alignments_rnn_search.html").read_text()


@pytest.mark.training
def test_sentences(tmp_path):
    folder = tmp_path / "text"
    folder.mkdir()
    for name in ("train", "val", "test"):
        for language, words in (("de", ["ein", "hund", "zwei"]), ("en", ["a", "dog", "two"])):
            lines = [" ".join(words[: 1 + row % 3] * (1 + row % 4)) for row in range(40)]
            (folder / f"{name}.{language}").write_text("\n".join(lines) + "\n")
    printed, figures = run(
        "translation", tmp_path, *SMALL, "--data", str(folder), "--model", "encoder_decoder",
        "luong", "--window", "predictive", "--unit", "word", backend="torch",
    )  # fmt: skip
    for name in ("encoder_decoder", "luong"):
        found = figures["models"][name]
        assert 0 <= found["beam"]["bleu"] <= 100
        assert found["greedy"]["signature"].startswith("BLEU|")
        assert found["bleu_by_length"]
    assert "tok:13a" in printed
    for name in ("alignments_luong.png", "bleu_by_length.png"):
        check_picture(tmp_path / "pictures" / name)


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--model", "transformer"], "--model"), (["--units", "0"], "--units")],
)
def test_bad_options_are_refused(options, named, capsys, monkeypatch):
    check_refused("translation", options, named, capsys, monkeypatch)
