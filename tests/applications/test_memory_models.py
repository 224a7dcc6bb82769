"""Models with an external memory: training, traces, and training that continues after saving."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_attn import NTMCell
from keras_attn.applications import NeuralTuringMachine
from keras_attn.datasets import CopyTask
from keras_attn.metrics import BitError, BitsPerSequence
from tests.backend import BACKEND, to_numpy

pytestmark = pytest.mark.training


def machine(optimizer=None, jit_compile=BACKEND != "torch"):
    keras.utils.set_random_seed(0)
    cell = NTMCell(32, memory_locations=8, memory_width=6, controller="feedforward")
    model = NeuralTuringMachine(4, 3, cell)
    model.compile(
        optimizer or keras.optimizers.Adam(1e-2, clipnorm=1.0),
        keras.losses.BinaryCrossentropy(from_logits=True),
        weighted_metrics=[BitsPerSequence(), BitError()],
        jit_compile=jit_compile,
    )
    return model


def few():
    return CopyTask(lengths=(1, 4), bits=3, steps_per_epoch=2, fixed=True)


def test_copying_is_learned_and_traced():
    model = machine()
    task = CopyTask(lengths=3, bits=3, steps_per_epoch=100)
    history = model.fit(task, epochs=2, verbose=0).history
    # Random guesses cost one bit for each bit.
    assert history["bits_per_sequence"][-1] < 0.5 * 3 * 3
    assert history["bit_error"][-1] < 0.2
    inputs = CopyTask(lengths=3, bits=3, batch_size=2)[0][0]
    trace = {name: to_numpy(each) for name, each in model.trace(inputs).items()}
    logits = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(trace["logits"], logits, atol=1e-4)


def test_training_continues_after_saving(tmp_path):
    model = machine()
    task = few()
    model.fit(task, verbose=0)
    model.save(tmp_path / "machine.keras")
    again = keras.saving.load_model(tmp_path / "machine.keras")
    for each in (model, again):
        each.fit(task, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


BEGIN = """
import sys
from tests.applications import test_memory_models as here

# Adam would amplify the rounding errors of gradients that are nearly 0. The setting of the compiler
# is saved with the model.
model = here.machine(here.keras.optimizers.SGD(0.1, momentum=0.9), jit_compile=False)
for file in sys.argv[1:]:
    model.fit(here.few(), shuffle=False, verbose=0)
    model.save(file)
"""


@pytest.mark.once
@pytest.mark.parametrize("other", ["jax", "tensorflow"])
def test_training_continues_under_another_backend(tmp_path, other):
    files = [str(tmp_path / name) for name in ("begun.keras", "gone_on.keras")]
    done = subprocess.run(
        [sys.executable, "-c", BEGIN, *files],
        env={**os.environ, "KERAS_BACKEND": other},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    here, there = map(keras.saving.load_model, files)
    here.fit(few(), shuffle=False, verbose=0)
    assert int(here.optimizer.iterations) == int(there.optimizer.iterations) == 4
    for one, two in zip(here.get_weights(), there.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
