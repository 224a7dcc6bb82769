"""Calls with the inputs of a case, their expected outputs, and comparison of gradients."""

import keras
import numpy as np

from tests.conformance.case import LayerCase, weights_by_path


def caller(case, layer):
    """Returns a function that calls `layer`, or another callable, with the inputs of a case."""
    tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, case.arrays())
    if isinstance(case, LayerCase):
        return lambda function=layer: case.run(function, tensors)
    return lambda function=layer: function(case.packed(tensors))


def expected_outputs(case, layer, arrays):
    """Returns the outputs of the independent computation of a `LayerCase` as a list of arrays."""
    expected = case.expected
    if callable(expected):
        expected = expected(weights_by_path(layer), **arrays)
    return list(expected) if isinstance(expected, (tuple, list)) else [expected]


def assert_close_gradients(found, expected):
    """Asserts that gradients are equal up to 1e-5 of the largest number of each of them."""
    for one, other in zip(found, expected, strict=True):
        scale = np.max(np.abs(other), initial=1.0)
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)
