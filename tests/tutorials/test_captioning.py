"""The tutorial on captions, with all kinds of attention and without."""

import keras
import numpy as np
import pytest

import keras_attn.applications  # noqa: F401  # knows the classes of saved models
from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_made_up_scenes(tmp_path):
    printed, figures = run(
        "captioning", tmp_path, "--mode", "soft", "hard", "semantic", "none",
        "--units", "8", "--embedding", "8", "--detector-epochs", "1", "--epochs", "2",
        "--beams", "2", "--examples", "64", "--things", "digits",
        "--validation", "20", "--test", "40", "--weights", "weights", backend="torch",
    )  # fmt: skip
    assert figures["examples"] == {"train": 64, "val": 20, "test": 40}
    assert set(figures["modes"]) == {"soft", "hard", "semantic", "none"}
    for mode, found in figures["modes"].items():
        assert 0 <= found["bleu"] <= 100
        assert f"{found['bleu']:.1f}" in printed
        assert ("pointing_accuracy" in found) == (mode in ("soft", "hard"))
    for name in ("captions_soft", "captions_hard", "captions_semantic", "captioning_curves"):
        check_picture(tmp_path / "pictures" / f"{name}.png")
    for mode in figures["modes"]:
        saved = keras.saving.load_model(tmp_path / "weights" / f"captioning_{mode}.keras")
        assert saved.count_params() == figures["modes"][mode]["parameters"]
    for mode in ("soft", "hard"):
        check_picture(tmp_path / "pictures" / f"captions_{mode}.gif")
        page = (tmp_path / "pictures" / f"captions_{mode}.html").read_text(encoding="utf-8")
        assert page.count('"data:image/png;base64,') == page.count('"reference: ') == 20


def test_photographs_through_the_network_of_the_paper(tmp_path):
    lines = []
    for number in range(20):
        pixels = np.zeros((40, 48, 3))
        pixels[..., number % 3] = 200.0
        keras.utils.save_img(tmp_path / f"{number}.png", pixels, "channels_last", scale=False)
        lines += [
            f"{number}.png#{n}\tA {('red', 'green', 'blue')[number % 3]} wall ." for n in (0, 1)
        ]
    (tmp_path / "tokens.txt").write_text("\n".join(lines), encoding="utf-8")
    printed, figures = run(
        "captioning", tmp_path, "--images", ".", "--captions", "tokens.txt", "--encoder", "vgg16",
        "--encoder-weights", "none", "--size", "32", "--units", "8", "--embedding", "8",
        "--epochs", "1", "--beams", "2", "--mode", "soft", backend="torch",
    )  # fmt: skip
    assert printed.startswith("photographs, on torch")
    assert figures["examples"] == {"train": 16, "val": 2, "test": 2}
    assert set(figures["modes"]["soft"]) >= {"bleu", "parameters"}
    assert "exact_match" not in figures["modes"]["soft"]
    assert (tmp_path / "pictures" / "vgg16_32_none_0" / "train.npy").exists()
    check_picture(tmp_path / "pictures" / "captions_soft.png")
