"""Double precision on every backend."""

import contextlib

import keras

from tests.backend import BACKEND

# TensorFlow has no `AveragePooling3D` in float64 on the CPU.
WITHOUT_FLOAT64 = {"tensorflow": ["SpatialTransformer-volume"]}.get(BACKEND, [])


@contextlib.contextmanager
def double_precision():
    """Scope in which JAX supports float64."""
    if BACKEND != "jax":
        yield
        return
    import jax

    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", False)


def as_double(values):
    return {
        name: value.astype("float64") if value.dtype.kind == "f" else value
        for name, value in values.items()
    }


def in_double(value):
    """Copies layers among constructor arguments with a float64 policy."""
    if isinstance(value, keras.layers.Layer):
        return type(value).from_config({**value.get_config(), "dtype": "float64"})
    return [in_double(each) for each in value] if isinstance(value, list) else value
