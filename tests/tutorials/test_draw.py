"""The tutorial on DRAW, with attention and without."""

import numpy as np
import pytest

from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]
FEW = (
    "--steps", "3", "--units", "8", "--latent", "2", "--epochs", "2", "--samples", "2", "--test",
    "20", "--batch-size", "16",
)  # fmt: skip


def test_glyphs_are_painted(tmp_path):
    printed, figures = run(
        "draw", tmp_path, *FEW, "--examples", "40", "--validation", "10", "--weights", "draw.keras",
        backend="torch",
    )  # fmt: skip
    bound = figures["test"]["loss"]
    parts = figures["test"]["reconstruction"] + figures["test"]["kl_divergence"]
    assert bound == pytest.approx(parts, rel=1e-4)
    # Even probabilities of all pixels cost 784 bits; little is learned from few examples.
    assert 200 < bound < 1.1 * 784 * np.log(2)
    assert f"bound {bound:.2f} nats" in printed
    for name in ("generated", "canvases", "reconstructions", "curves"):
        check_picture(tmp_path / "pictures" / f"draw_glyphs_{name}.png")
    check_picture(tmp_path / "pictures" / "draw_glyphs.gif")
    assert (tmp_path / "draw.keras").exists()


def test_the_fixed_binarisation_is_painted_without_attention(tmp_path):
    generator = np.random.default_rng(0)
    bits = {
        name: np.packbits(generator.integers(0, 2, (20, 784)), axis=1)
        for name in ("train", "valid", "test")
    }
    np.savez(tmp_path / "binarized_mnist_packed.npz", **bits)
    _, figures = run(
        "draw", tmp_path, *FEW, "--dataset", "binarized_mnist", "--folder", tmp_path,
        "--no-attention", backend="torch",
    )  # fmt: skip
    assert figures["test"]["loss"] > 0.9 * 784 * np.log(2)  # random bits cannot be compressed
    check_picture(tmp_path / "pictures" / "draw_binarized_mnist_whole_canvases.png")
