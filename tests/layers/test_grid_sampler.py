"""Inputs of `GridSampler`; the conformance contracts test everything else."""

import numpy as np
import pytest

from keras_attn import GridSampler


def test_three_inputs_are_refused():
    inputs = [np.ones((2, 4, 4, 1), "float32")] * 3
    with pytest.raises(ValueError, match=r"`inputs` must be a list .*Received: a list of 3"):
        GridSampler()(inputs)
