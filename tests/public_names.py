"""The public modules of the package, and their objects."""

import importlib
import types

PUBLIC_MODULES = (
    "keras_attn",
    "keras_attn.applications",
    "keras_attn.datasets",
    "keras_attn.decoding",
    "keras_attn.losses",
    "keras_attn.metrics",
    "keras_attn.ops",
    "keras_attn.visualization",
)


def public_objects(module_name):
    """Public objects by name: those of `__all__`, or all that are not modules."""
    module = importlib.import_module(module_name)
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    found = {name: getattr(module, name) for name in sorted(names)}
    return {name: it for name, it in found.items() if not isinstance(it, types.ModuleType)}
