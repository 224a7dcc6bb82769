import numpy as np
import pytest

from keras_attn import GridSampler


@pytest.mark.parametrize("count", [1, 3])
def test_inputs_that_are_not_two_are_refused(count):
    inputs = [np.ones((2, 4, 4, 1), "float32")] * count
    with pytest.raises(ValueError, match="`inputs` must be a list"):
        GridSampler()(inputs)
    with pytest.raises(ValueError, match="`inputs` must be a list"):
        GridSampler()(inputs[0])
