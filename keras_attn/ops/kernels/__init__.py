"""Fast paths, one module a backend: each function equals its plain twin in `keras_attn.ops`."""

import importlib

import keras

_MODULES = {
    "jax": "jax_grid_sample",
    "tensorflow": "tensorflow_grid_sample",
    "torch": "torch_grid_sample",
}


def load(name):
    """The kernel `name` of the running backend, or `None` where the plain path serves.

    The backend is imported at the first call, not with the package.
    """
    module = _MODULES.get(keras.backend.backend())
    if module is None:
        return None
    return getattr(importlib.import_module(f"keras_attn.ops.kernels.{module}"), name)
