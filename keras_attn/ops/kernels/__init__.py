"""Fast paths, one module a function and backend: each equals its plain twin in `keras_attn.ops`."""

import importlib

import keras

_BACKENDS = ("jax", "tensorflow", "torch")


def load(name):
    """The kernel `name` of the running backend, or `None` where the plain path serves.

    The backend is imported at the first call, not with the package.
    """
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        return None
    return getattr(importlib.import_module(f"keras_attn.ops.kernels.{backend}_{name}"), name)
