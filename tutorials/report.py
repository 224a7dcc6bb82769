"""Reports the options, versions and hardware of a tutorial run."""

import argparse
import importlib.metadata
import json
import os
import platform
from pathlib import Path

import keras

import keras_attn


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text}")
    return number


def jit_compile():
    """Returns the argument `jit_compile` of a run.

    False on torch, and on TensorFlow with a GPU, whose LSTM kernels XLA does not support.
    """
    name = keras.backend.backend()
    return name == "jax" or (name == "tensorflow" and not keras.distribution.list_devices("gpu"))


def backend():
    return f"{keras.backend.backend()} {importlib.metadata.version(keras.backend.backend())}"


def write_json(path, options, **figures):
    """Writes the arguments of a run, its versions, its device and its figures."""
    packages = ("keras", keras.backend.backend(), "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    whole = {
        "arguments": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(options).items()
        },
        "backend": keras.backend.backend(),
        "versions": {
            "python": platform.python_version(),
            "keras_attn": keras_attn.__version__,
            **versions,
        },
        "device": {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "tensors": str(keras.ops.zeros(()).device),
        },
        **figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False), encoding="utf-8")
