"""The tutorial on autoencoders."""

import pytest

from tests.tutorials.running import check_picture, run

pytestmark = [pytest.mark.once, pytest.mark.training]


def test_every_autoencoder_is_trained_and_compared(tmp_path):
    printed, figures = run(
        "autoencoders", tmp_path, "--examples", "200", "--test", "30", "--code", "4",
        "--large-code", "32", "--epochs", "8", "--batch-size", "20", backend="torch",
    )  # fmt: skip
    models = figures["models"]
    kinds = {"components", "linear", "deep", "sparse", "denoising", "variational"}
    assert set(models) == kinds
    for name in kinds:
        assert f"{models[name]['error']:7.3f}" in printed
    # Except by chance, no projection on as many directions is better than the components.
    assert models["linear"]["error"] > 0.95 * models["components"]["error"]
    assert 1.0 < models["linear"]["principal_components"] <= 4.001
    assert 0 < models["variational"]["bound"] < 784
    for name in ("reconstructions", "denoised", "generated", "walk"):
        check_picture(tmp_path / "pictures" / f"autoencoders_glyphs_{name}.png")
