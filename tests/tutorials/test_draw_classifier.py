"""The tutorial on the classifier of DRAW, with attention and without."""

import pytest

from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_digits_among_clutter_are_read_with_attention_and_without(tmp_path):
    printed, figures = run(
        "draw_classifier", tmp_path, "--size", "40", "--examples", "40", "--validation", "20",
        "--test", "20", "--steps", "3", "--units", "8", "--read", "4", "--epochs", "2",
        "--batch-size", "20", "--weights", "weights", backend="torch",
    )  # fmt: skip
    assert set(figures["networks"]) == {"attention", "whole"}
    for name, found in figures["networks"].items():
        assert 0.0 <= found["test_error"] <= 100.0
        assert f"{found['test_error']:.2f} % of the test wrong" in printed
        assert len(found["history"]["val_error"]) == 2
        assert (tmp_path / "weights" / f"glyphs_{name}.keras").exists()
    for name in ("windows", "curves"):
        check_picture(tmp_path / "pictures" / f"draw_classifier_glyphs_{name}.png")
