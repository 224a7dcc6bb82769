"""Layers with `dtype="float64"` compute in double precision throughout."""

import keras
import keras.src.ops
import numpy as np
import pytest

from keras_attn.ops import precision
from tests.backend import flat
from tests.conformance import changes
from tests.conformance.calls import expected_outputs
from tests.conformance.precision import (
    WITHOUT_FLOAT64,
    as_double,
    double_precision,
    in_double,
)
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, shared_cases


@pytest.fixture
def keras_keeps_float64(monkeypatch):
    """Makes the layers of Keras keep float64, which they lose on PyTorch and JAX.

    The layers of Keras use `keras.src.ops`. `keras.ops`, which this package uses, is unchanged.
    """
    for name in ("matmul", "maximum", "minimum", "tanh"):
        monkeypatch.setattr(keras.src.ops, name, getattr(precision, name))


# On NumPy and OpenVINO the operations of Keras return float32.
pytestmark = pytest.mark.training

CASES = [case for case in LAYERS if callable(case.expected) and case.id not in WITHOUT_FLOAT64]


@by_id(shared_cases(CASES))
@pytest.mark.usefixtures("keras_keeps_float64")
def test_float64_layers_compute_in_float64(case):
    with double_precision():
        arguments = {name: in_double(value) for name, value in case.arguments.items()}
        layer = case.with_(arguments=arguments).built(dtype="float64")
        arrays = as_double(case.arrays())
        for weight in layer.weights:
            assert weight.dtype != "float32"
        changes.beyond_float32(layer)
        outputs = flat(case.quickly(layer, arrays))
        expected = expected_outputs(case, layer, arrays)
    for output, wanted in zip(outputs, expected, strict=True):
        assert output.dtype == "float64" or output.dtype.kind != "f"
        np.testing.assert_allclose(output, wanted, atol=1e-10, rtol=1e-10)
