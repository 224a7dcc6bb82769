"""The tutorial on spatial transformers."""

import pytest

from tests.tutorials.running import check_picture, check_refused, run

pytestmark = pytest.mark.once


@pytest.mark.training
def test_trains_both_networks_and_leaves_figures_and_pictures(tmp_path):
    printed, figures = run(
        "spatial_transformer", tmp_path, "--examples", "96", "--validation", "32",
        "--epochs", "1", "--batch-size", "32", "--distortion", "R", "--weights", "weights",
        backend="tensorflow",
    )  # fmt: skip
    assert figures["arguments"]["epochs"] == 1
    assert figures["examples"] == {"train": 64, "validation": 32, "test": 96}
    assert set(figures["networks"]) == {"CNN", "ST-CNN"}
    weights = [network["parameters"] for network in figures["networks"].values()]
    assert max(weights) < 1.01 * min(weights)
    for name, network in figures["networks"].items():
        assert 0 <= network["test_error"] <= 100
        assert network["validation_error"] == network["history"]["val_error"][-1]
        assert len(network["history"]["loss"]) == 1
        assert f"{network['test_error']:.2f} %" in printed
        assert f"{network['parameters']:,}" in printed
        assert (tmp_path / "weights" / f"{name.lower()}.keras").stat().st_size > 10_000
    for name in ("spatial_transformer.png", "learning_curves.png", "training/epoch_0001.png"):
        check_picture(tmp_path / "pictures" / name)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--distortion", "wild"], "--distortion"),
        (["--epochs", "0"], "--epochs"),
        (["--batch-size", "many"], "--batch-size"),
        (["--learning-rate", "-1"], "--learning-rate"),
        (["--examples", "100", "--validation", "100"], "--examples"),
    ],
)
def test_bad_options_are_refused(options, named, capsys, monkeypatch):
    check_refused("spatial_transformer", options, named, capsys, monkeypatch)
