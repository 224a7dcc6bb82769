"""Error messages of layers with several inputs, if a single tensor is passed."""

import re

import keras
import pytest

from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id


@by_id([case for case in LAYERS if len(case.inputs) > 1 and case.rnn is None and not case.named])
def test_a_single_tensor_in_place_of_a_list_is_reported(case):
    arrays = case.arrays()
    first = next(iter(arrays.values()))
    shape = re.escape(str(first.shape))
    expected = rf"`inputs` must be a list \[.*Received: one tensor of shape {shape}"
    with pytest.raises(ValueError, match=expected):
        case.make()(first)
    with pytest.raises(ValueError, match=r"one tensor of shape \(None, "):
        case.make()(keras.Input(first.shape[1:]))
    with pytest.raises(ValueError, match=r"`inputs` must be a list \[.*Received: a list of 1"):
        case.make()([first])
    built = case.built(random=False)
    with pytest.raises(ValueError, match=expected):
        built(first)
    # The second positional argument is the mask, or does not exist.
    for layer in (case.make(), built):
        with pytest.raises((ValueError, TypeError), match=f"{expected}|too many positional"):
            layer(*list(arrays.values())[:2])
