"""Training on two replicas of TensorFlow equals training on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend import BACKEND
from tests.conformance.own_losses import OWN_LOSS
from tests.conformance.selection import first_of_class

ROOT = Path(__file__).parents[2]


@pytest.mark.training
@pytest.mark.skipif(BACKEND != "tensorflow", reason="only tf.distribute scales losses")
def test_two_replicas_equal_one():
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.replicas"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(found) == len(first_of_class(OWN_LOSS))
    for name, in_history, in_weights, change in found:
        assert in_history <= 1e-4, name
        assert in_weights <= 1e-2 * change + 1e-7, name
