"""Symbolic outputs are like the real ones under every dtype policy and in channels_first."""

import contextlib

import keras
import numpy as np
import pytest

from tests.backend import BACKEND
from tests.conformance.precision import WITHOUT_FLOAT64, as_double, double_precision, in_double
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, shared_cases


def symbols(arrays):
    return {
        name: keras.KerasTensor(array.shape, keras.backend.standardize_dtype(array.dtype))
        for name, array in arrays.items()
    }


@pytest.mark.training
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
@by_id(shared_cases([case for case in LAYERS if case.rnn is None]))
def test_symbolic_dtypes_are_the_real_ones(case, policy):
    if policy == "float64" and case.id in WITHOUT_FLOAT64:
        pytest.skip("no kernel in float64")
    if policy != "float64" and BACKEND in case.no_half:
        pytest.skip(case.no_half[BACKEND])
    is_double = policy == "float64"
    with double_precision() if is_double else contextlib.nullcontext():
        arrays = as_double(case.arrays()) if is_double else case.arrays()
        if is_double:
            arguments = {name: in_double(value) for name, value in case.arguments.items()}
            case = case.with_(arguments=arguments)
        layer = case.make(dtype=policy)
        specs = keras.tree.flatten(case.run(layer, symbols(arrays)))
        outputs = keras.tree.flatten(case.run(layer, arrays))
    found = [spec.dtype for spec in specs]
    assert found == [keras.backend.standardize_dtype(output.dtype) for output in outputs]


@by_id([case for case in LAYERS if case.channels_first])
def test_symbolic_shapes_in_channels_first_are_the_real_ones(case):
    arrays = {
        name: np.moveaxis(array, -1, case.channels_first.get(name, -1))
        for name, array in case.arrays().items()
    }
    layer = case.make(data_format="channels_first")
    specs = keras.tree.flatten(case.run(layer, symbols(arrays)))
    outputs = keras.tree.flatten(case.run(layer, arrays))
    shapes = [tuple(output.shape) for output in outputs]
    assert [tuple(spec.shape) for spec in specs] == shapes
    computed = layer.compute_output_shape(
        case.pack({name: array.shape for name, array in arrays.items()})
    )
    assert tuple(computed) == shapes[0]
