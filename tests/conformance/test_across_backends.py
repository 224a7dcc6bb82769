"""A file saved on one backend gives the same outputs on every other, after calls of other sizes."""

import json
import math
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conformance.across import SAVED

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
SAVERS = ("tensorflow", "jax", "torch")
LOADERS = (*SAVERS, "numpy", "openvino")


def installed(backend):
    return find_spec(backend) is not None


class Process:
    """Subprocess of one backend that saves and loads all cases, and imports the backend once."""

    def __init__(self, backend, errors):
        self.backend, self.errors = backend, errors
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.across"],
            cwd=ROOT,
            env={**os.environ, "KERAS_BACKEND": backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.open("w"),
            text=True,
        )

    def __call__(self, action, *folders):
        print(shlex.join([action, *map(str, folders)]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"{self.backend}: {self.errors.read_text()[-3000:]}"
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture(scope="module")
def differences(tmp_path_factory):
    """The largest difference by loader, saver and case."""
    folder = tmp_path_factory.mktemp("across")
    savers = [backend for backend in SAVERS if installed(backend)]
    loaders = [backend for backend in LOADERS if installed(backend)]
    processes = {}

    def save(backend):
        processes[backend] = Process(backend, folder / f"{backend}.txt")
        processes[backend]("save", folder / backend)

    def load(backend):
        if backend not in processes:
            processes[backend] = Process(backend, folder / f"{backend}.txt")
        found = processes[backend]("load", *(folder / saver for saver in savers))
        processes[backend].end()
        return found

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(save, savers))
            return dict(zip(loaders, pool.map(load, loaders), strict=True))
    finally:
        for process in processes.values():
            process.process.kill()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in SAVED])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("saver", SAVERS)
def test_a_file_gives_the_same_outputs(case, saver, loader, differences):
    for backend in (saver, loader):
        if not installed(backend):
            pytest.skip(f"{backend} is not installed")
    found = differences[loader][saver][case.id]
    assert not isinstance(found, str), found
    assert not math.isnan(found)
    assert found <= 10 * case.tolerance
