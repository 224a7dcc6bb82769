"""The tutorial describes scenes with soft and hard attention and with none."""

import pytest

from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_made_up_scenes(tmp_path):
    printed, figures = run(
        "captioning", tmp_path, "--mode", "soft", "hard", "none", "--units", "8", "--embedding",
        "8", "--epochs", "1", "--beams", "2", "--examples", "64", "--things", "digits",
        "--validation", "20", "--test", "40", backend="torch",
    )  # fmt: skip
    assert figures["examples"] == {"train": 64, "val": 20, "test": 40}
    assert set(figures["modes"]) == {"soft", "hard", "none"}
    for mode, found in figures["modes"].items():
        assert 0 <= found["bleu"] <= 100
        assert f"{found['bleu']:.1f}" in printed
        assert ("pointing_accuracy" in found) == (mode != "none")
    for name in ("captions_soft.png", "captions_hard.png", "captioning_curves.png"):
        check_picture(tmp_path / "pictures" / name)
