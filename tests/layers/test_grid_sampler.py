"""Inputs of `GridSampler`; the conformance contracts test everything else."""

import numpy as np
import pytest

from keras_attn import GridSampler
from tests.backend import to_numpy


def test_three_inputs_are_refused():
    inputs = [np.ones((2, 4, 4, 1), "float32")] * 3
    with pytest.raises(ValueError, match=r"`inputs` must be a list .*Received: a list of 3"):
        GridSampler()(inputs)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_feature_maps_of_another_dtype_are_cast(dtype, generator):
    image = generator.integers(0, 256, (2, 4, 5, 3))
    grid = generator.uniform(-1.0, 1.0, (2, 3, 2, 2)).astype("float32")
    layer = GridSampler(data_format="channels_last")
    found = to_numpy(layer([image.astype(dtype), grid]))
    assert found.dtype == "float32"
    expected = to_numpy(layer([image.astype("float32"), grid]))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
