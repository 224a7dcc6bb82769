"""Layers with `dtype="float64"` compute in double precision throughout."""

import contextlib

import keras
import keras.src.ops
import numpy as np
import pytest

from keras_attn.ops import precision
from tests.backend import BACKEND, flat
from tests.conformance.case import by_id, weights_by_path
from tests.conformance.registry import LAYERS


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


@pytest.fixture
def keras_keeps_float64(monkeypatch):
    """Makes the layers of Keras keep float64, which they lose on PyTorch and JAX.

    The layers of Keras use `keras.src.ops`. `keras.ops`, which this package uses, is unchanged.
    """
    for name in ("matmul", "maximum", "minimum", "tanh"):
        monkeypatch.setattr(keras.src.ops, name, getattr(precision, name))


# On NumPy and OpenVINO the operations of Keras return float32.
pytestmark = pytest.mark.training

CASES = [case for case in LAYERS if callable(case.expected)]


@by_id(CASES)
@pytest.mark.usefixtures("keras_keeps_float64")
def test_float64_layers_compute_in_float64(case):
    with double_precision():
        arguments = {name: in_double(value) for name, value in case.arguments.items()}
        layer = case.with_(arguments=arguments).built(dtype="float64")
        arrays = as_double(case.arrays())
        for weight in layer.weights:
            assert weight.dtype != "float32"
            if weight.dtype == "float64":
                # Values that float32 cannot represent.
                weight.assign(keras.ops.convert_to_numpy(weight) * (1.0 + 1e-9))
        outputs = flat(case.run(layer, arrays))
        expected = case.expected(weights_by_path(layer), **arrays)
    expected = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    for output, wanted in zip(outputs, expected, strict=True):
        assert output.dtype == "float64" or output.dtype.kind != "f"
        np.testing.assert_allclose(output, wanted, atol=1e-10, rtol=1e-10)
