"""Fast paths, one module a function and backend: each equals its plain twin in `keras_attn.ops`."""

import functools
import importlib
import importlib.util

import keras


def load(name):
    """The kernel `name` of the running backend, or `None` where the plain path serves.

    The backend is imported at the first call, not with the package.
    """
    return _load(f"{keras.backend.backend()}_{name}", name)


@functools.cache
def _load(module, name):
    module = f"keras_attn.ops.kernels.{module}"
    if importlib.util.find_spec(module) is None:
        return None
    return getattr(importlib.import_module(module), name)
