"""Program for a subprocess: saves cases under one backend, and loads those of others.

    KERAS_BACKEND=jax python -m tests.conformance.across

The program reads commands from standard input and answers each with one line. `save FOLDER` writes
`CASE.keras` and the outputs, `CASE.npz`, to the folder. `load FOLDER...` answers with JSON: the
largest relative difference, or the error, by folder and case. Before, it calls one
model of each class with dynamic sizes and with a single example; a process saves before it loads,
so that what it saves are the outputs of a fresh process.
"""

import json
import os
import re
import shlex
import sys
import zipfile
from pathlib import Path

if os.environ["KERAS_BACKEND"] in ("torch", "tensorflow"):
    import contextlib

    with contextlib.suppress(ImportError):
        import torch  # noqa: F401

import keras
import numpy as np

from tests.backend import TRAINS, inference
from tests.conformance.dynamic_sizes import dynamic_call
from tests.conformance.registry import CASES, MODELS
from tests.conformance.selection import first_of_class

DYNAMIC = first_of_class(MODELS) if TRAINS else []
# Other layers of a class are compared with an independent computation on every backend.
SAVED = [
    case
    for case in CASES
    if case in first_of_class(CASES) or getattr(case, "expected", None) is None
]


def save(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for case in SAVED:
        model = case.model()
        model.save(folder / f"{case.id}.keras")
        np.savez(folder / f"{case.id}.npz", *case.predict(model))


def differences(case, folders):
    """By folder. A model is made of the first file, as all hold the same but for the weights."""
    files = [folder / f"{case.id}.keras" for folder in folders]
    assert len(set(map(config, files))) == 1, "the configs differ"
    model = keras.saving.load_model(files[0], safe_mode=True)
    if case in DYNAMIC:
        dynamic_call(case, model)(*arrays_of_one_example(case))
    predict = inference(model, case.packed())
    found = {}
    for folder, file in zip(folders, files, strict=True):
        if file != files[0]:
            model.load_weights(file)
        outputs = predict()
        with np.load(file.with_suffix(".npz")) as wanted:
            assert len(outputs) == len(wanted)
            found[folder.name] = max(
                float(np.max(np.abs(output - other) / (1.0 + np.abs(other)), initial=0.0))
                for output, other in zip(outputs, wanted.values(), strict=True)
            )
    return found


def arrays_of_one_example(case):
    return [np.asarray(each)[:1] for each in keras.tree.flatten(case.packed())]


def config(file):
    """The config in a file, but for addresses of objects that are shared in it."""
    text = zipfile.ZipFile(file).read("config.json").decode()
    return re.sub(r'"shared_object_id": \d+', "", text)


def load(folders):
    folders = [Path(folder) for folder in folders]
    found = {folder.name: {} for folder in folders}
    for case in SAVED:
        try:
            each = differences(case, folders)
        except Exception as error:
            each = dict.fromkeys(found, f"{type(error).__name__}: {error}")
        for name, difference in each.items():
            found[name][case.id] = difference
    return found


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keep prints of libraries out of the answers
    for line in sys.stdin:
        action, *folders = shlex.split(line)
        answer = save(*folders) if action == "save" else load(folders)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
