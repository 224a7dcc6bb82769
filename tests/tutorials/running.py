"""Helpers that run or import a tutorial, and check its pictures and options."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "tutorials"


def run(name, folder, *options, backend):
    """Runs a tutorial in a folder; returns what it printed and its JSON file, `run.json`."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), *options, "--json", "figures/run.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    figures = json.loads((folder / "figures" / "run.json").read_text(encoding="utf-8"))
    assert {"arguments", "backend", "versions", "device", "seconds"} <= set(figures)
    assert figures["backend"] == backend
    assert backend in figures["versions"]
    return done.stdout, figures


def imported(name, monkeypatch):
    """Imports a tutorial as a module."""
    monkeypatch.syspath_prepend(FOLDER)
    specification = importlib.util.spec_from_file_location(
        f"tutorial_{name}", FOLDER / f"{name}.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def check_refused(name, options, named, capsys, monkeypatch):
    """Asserts that a tutorial refuses options with a message that names one of them."""
    module = imported(name, monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        module.parse_arguments(options)
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


def check_picture(path):
    """Asserts that a file is a picture, and not blank."""
    from PIL import Image

    with Image.open(path) as picture:
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
