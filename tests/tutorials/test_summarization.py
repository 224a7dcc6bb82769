"""The tutorial on headlines, with both encoders."""

import pytest

from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_made_up_news(tmp_path):
    printed, figures = run(
        "summarization", tmp_path, "--units", "16", "--embedding", "8", "--epochs", "1",
        "--beams", "2", "--examples", "128", backend="torch",
    )  # fmt: skip
    assert figures["examples"] == {"train": 128, "val": 500, "test": 500}
    assert set(figures["encoders"]) == {"attention", "bag_of_words"}
    for found in figures["encoders"].values():
        assert 0 <= found["rouge"]["rouge2_f1"] <= found["rouge"]["rouge1_f1"] <= 100
        assert f"{found['rouge']['rouge1_f1']:.1f}" in printed
    for name in ("alignments_headlines.png", "summarization_curves.png"):
        check_picture(tmp_path / "pictures" / name)
