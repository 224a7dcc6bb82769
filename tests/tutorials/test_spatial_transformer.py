"""The tutorial runs, and leaves what it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.training

FILE = Path(__file__).parents[2] / "tutorials" / "spatial_transformer.py"


def run(folder, *options):
    return subprocess.run(
        [sys.executable, str(FILE), *options],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_trains_both_networks_and_leaves_figures_and_pictures(tmp_path):
    from PIL import Image

    done = run(
        tmp_path, "--examples", "96", "--validation", "32", "--epochs", "1", "--batch-size", "32",
        "--distortion", "R", "--json", "figures/run.json", "--weights", "weights",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]

    figures = json.loads((tmp_path / "figures" / "run.json").read_text())
    assert set(figures) == {
        "arguments", "backend", "versions", "device", "examples", "seconds", "networks",
    }  # fmt: skip
    assert figures["arguments"]["epochs"] == 1
    assert figures["backend"] == os.environ["KERAS_BACKEND"]
    assert figures["backend"] in figures["versions"]
    assert figures["examples"] == {"train": 64, "validation": 32, "test": 96}
    assert set(figures["networks"]) == {"CNN", "ST-CNN"}
    weights = [network["parameters"] for network in figures["networks"].values()]
    assert max(weights) < 1.01 * min(weights)
    for name, network in figures["networks"].items():
        assert 0 <= network["test_error"] <= 100
        assert network["validation_error"] == network["history"]["val_error"][-1]
        assert len(network["history"]["loss"]) == 1
        assert f"{network['test_error']:.2f} %" in done.stdout
        assert f"{network['parameters']:,}" in done.stdout
        assert (tmp_path / "weights" / f"{name.lower()}.keras").stat().st_size > 10_000

    pictures = tmp_path / "pictures"
    for name in ("spatial_transformer.png", "learning_curves.png", "training/epoch_0001.png"):
        with Image.open(pictures / name) as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 10


@pytest.mark.once
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
def test_bad_options_are_refused(options, named, capsys):
    module = _imported()
    with pytest.raises(SystemExit) as stopped:
        module.parse_arguments(options)
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


def _imported():
    import importlib.util

    specification = importlib.util.spec_from_file_location("tutorial_spatial_transformer", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
