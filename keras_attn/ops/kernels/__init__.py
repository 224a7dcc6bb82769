"""Fast paths, one module a function and backend: each equals its plain twin in `keras_attn.ops`."""

import importlib
import importlib.util

import keras

# By name, what was found. A dictionary and no `functools.cache`: torch.compile reads the one, and
# breaks the graph in the other.
_found = {}


def load(name):
    """The kernel `name` of the running backend, or `None` where the plain path serves.

    The backend is imported at the first call, not with the package.
    """
    module = f"keras_attn.ops.kernels.{keras.backend.backend()}_{name}"
    if module not in _found:
        there = importlib.util.find_spec(module) is not None
        _found[module] = getattr(importlib.import_module(module), name) if there else None
    return _found[module]
