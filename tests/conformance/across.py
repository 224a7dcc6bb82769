"""Saves every case under one backend, or loads what others saved: a program for a subprocess.

    KERAS_BACKEND=jax python -m tests.conformance.across save FOLDER
    KERAS_BACKEND=torch python -m tests.conformance.across load FOLDER...

`save` leaves `CASE.keras` and the outputs, `CASE.npz`, in the folder. `load` prints one line of
JSON: the largest relative difference, or the error, by folder and case.
"""

import json
import os
import sys
from pathlib import Path

if os.environ["KERAS_BACKEND"] in ("torch", "tensorflow"):
    import contextlib

    with contextlib.suppress(ImportError):
        import torch  # noqa: F401

import keras
import numpy as np

from tests.backend import BACKEND
from tests.conformance.registry import CASES


def save(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        model = case.model()
        model.save(folder / f"{case.id}.keras")
        np.savez(folder / f"{case.id}.npz", *case.predict(model))


def difference(case, folder):
    model = keras.saving.load_model(folder / f"{case.id}.keras", safe_mode=True)
    with np.load(folder / f"{case.id}.npz") as file:
        wanted = list(file.values())
    outputs = case.predict(model)
    assert len(outputs) == len(wanted)
    return max(
        float(np.max(np.abs(output - other) / (1.0 + np.abs(other)), initial=0.0))
        for output, other in zip(outputs, wanted, strict=True)
    )


def load(folders):
    found = {}
    for folder in map(Path, folders):
        found[folder.name] = {}
        for case in CASES:
            if BACKEND in case.unsupported:
                continue
            try:
                found[folder.name][case.id] = difference(case, folder)
            except Exception as error:
                found[folder.name][case.id] = f"{type(error).__name__}: {error}"
    print(json.dumps(found))


if __name__ == "__main__":
    action, *arguments = sys.argv[1:]
    save(*arguments) if action == "save" else load(arguments)
