"""The file of a benchmark holds results, date, versions and device."""

import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import keras
import pytest

pytestmark = pytest.mark.once

FOLDER = Path(__file__).parents[2] / "benchmarks"

BENCHMARK = """
import harness

def measure(backend):
    return harness.rows("nothing", backend, {"ours": 1.0, "theirs": 4.0})

harness.main(measure, "Nothing.")
"""


def test_a_file_holds_results_date_versions_and_devices(tmp_path):
    program, file = tmp_path / "nothing.py", tmp_path / "nothing.json"
    program.write_text(BENCHMARK)
    begin = datetime.date.today()
    done = subprocess.run(
        [sys.executable, str(program), "--backend", "torch", "--json", str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "nothing" in done.stdout
    found = json.loads(file.read_text())
    assert begin <= datetime.date.fromisoformat(found["date"]) <= datetime.date.today()
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["keras"] == keras.__version__
    assert found["versions"]["torch"] == version("torch")
    assert found["processor"]["name"]
    assert found["processor"]["cores"] == os.cpu_count()
    assert list(found["devices"]) == ["torch"]
    assert found["devices"]["torch"]
    assert found["rows"] == [
        {
            "name": "nothing",
            "backend": "torch",
            "ours_ms": 1.0,
            "peer": "theirs",
            "peer_ms": 4.0,
            "ratio": 0.25,
        }
    ]


def test_a_row_over_the_limit_exits_with_an_error(tmp_path):
    program = tmp_path / "nothing.py"
    program.write_text(BENCHMARK.replace('"Nothing.")', '"Nothing.", limit=0.2)'))
    done = subprocess.run(
        [sys.executable, str(program), "--backend", "torch"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
    )
    assert done.returncode == 1
    assert "Over 0.2 times as slow: nothing (torch)" in done.stderr
