"""Double precision on every backend."""

import contextlib

from tests.backend import BACKEND


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
