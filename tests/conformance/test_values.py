"""Values of outputs, compared with an independent computation; masks, layouts and bad inputs."""

import functools

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, flat
from tests.conformance.calls import expected_outputs
from tests.conformance.refusals import input_names, is_refused
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, fewer_on_openvino


@by_id([case for case in LAYERS if case.expected is not None])
def test_outputs_are_those_of_the_independent_computation(case):
    layer, arrays = case.built(), case.arrays()
    case.assert_close(flat(case.run(layer, arrays)), expected_outputs(case, layer, arrays))


@by_id(fewer_on_openvino([case for case in LAYERS if case.mask]))
def test_outputs_do_not_depend_on_masked_positions(case):
    layer, arrays = case.built(), case.arrays()
    masks = case.masks()
    outputs = flat(case.run(layer, arrays, **masks))
    assert all(np.all(np.isfinite(output)) for output in outputs)
    other = dict(arrays)
    for name, mask in case.mask.items():
        seen = np.asarray(mask, bool)
        seen = seen.reshape(seen.shape + (1,) * (arrays[name].ndim - seen.ndim))
        other[name] = np.where(seen, arrays[name], 5.0 - arrays[name]).astype("float32")
    case.assert_close(flat(case.run(layer, other, **masks)), outputs)


@by_id([case for case in LAYERS if case.channels_first])
def test_channels_first_is_channels_last_transposed(case):
    def move(values, last):
        """Moves the channels from their declared axes to the last one, or back."""
        return {
            key: np.moveaxis(value, *axes)
            if (axes := _axes(case.channels_first.get(key), last))
            else value
            for key, value in values.items()
        }

    last = case.built(data_format="channels_last")
    arrays = case.arrays()
    wanted = flat(case.run(last, arrays))
    first = case.with_(inputs=move(arrays, last=False)).built(data_format="channels_first")
    first.set_weights(last.get_weights())
    outputs = flat(case.run(first, move(arrays, last=False)))
    outputs = move(dict(enumerate(outputs)), last=True)
    case.assert_close(outputs.values(), wanted)


def _axes(axis, last):
    if axis is None:
        return None
    return (axis, -1) if last else (-1, axis)


@by_id([case for case in LAYERS if case.refuses_inputs])
def test_bad_inputs_are_refused(case):
    for wrong in case.refuses_inputs:
        bad = case.with_(inputs={**case.inputs, **wrong})
        call = functools.partial(bad.run, bad.make(), bad.arrays())
        assert is_refused(call, input_names(case)), wrong


@pytest.mark.skipif(BACKEND not in ("torch", "numpy"), reason="tensors are immutable")
@by_id(LAYERS)
def test_a_call_does_not_change_its_inputs(case):
    arrays = case.arrays()
    tensors = {name: keras.ops.convert_to_tensor(np.array(array)) for name, array in arrays.items()}
    layer = case.built()
    first = flat(case.run(layer, tensors))
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(tensor), arrays[name])
    case.assert_close(flat(case.run(layer, tensors)), first)
