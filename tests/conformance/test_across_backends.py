"""A file saved on one backend gives the same outputs on every other."""

import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conformance.registry import CASES

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
SAVERS = ("tensorflow", "jax", "torch")
LOADERS = (*SAVERS, "numpy", "openvino")


def installed(backend):
    return find_spec(backend) is not None


def run(backend, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-m", "tests.conformance.across", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{backend}: {done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def differences(tmp_path_factory):
    """The largest difference by loader, saver and case."""
    folder = tmp_path_factory.mktemp("across")
    savers = [backend for backend in SAVERS if installed(backend)]
    loaders = [backend for backend in LOADERS if installed(backend)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda backend: run(backend, "save", folder / backend), savers))
        folders = [folder / backend for backend in savers]
        lines = pool.map(lambda backend: run(backend, "load", *folders), loaders)
        return {
            backend: json.loads(line.splitlines()[-1])
            for backend, line in zip(loaders, lines, strict=True)
        }


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("saver", SAVERS)
def test_a_file_gives_the_same_outputs(case, saver, loader, differences):
    for backend in (saver, loader):
        if not installed(backend):
            pytest.skip(f"{backend} is not installed")
    if loader in case.unsupported:
        pytest.skip(case.unsupported[loader])
    found = differences[loader][saver][case.id]
    assert not isinstance(found, str), found
    assert not math.isnan(found)
    assert found <= 10 * case.tolerance
