"""Compiled calls give what eager calls give, and leave nothing behind."""

import contextlib

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, compiled, flat
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, first_of_class, shared_cases


def leak_check():
    if BACKEND != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.checking_leaks()


# PyTorch compiles on request only, and takes ten seconds for a layer: layers with kernels.
KERNELS = ("GridSampler", "BahdanauAttention", "NTMCell", "DRAWRead", "DRAWWrite")
COMPILED = (
    [case for case in first_of_class(LAYERS) if case.layer.__name__ in KERNELS]
    if BACKEND == "torch"
    else shared_cases(LAYERS)
)


@pytest.mark.training
@by_id(COMPILED)
def test_compiled_is_eager_and_leaves_no_tracers(case):
    layer, arrays = case.built(), case.arrays()
    names = list(arrays)
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays.values()]

    def function(*tensors):
        outputs = case.run(layer, dict(zip(names, tensors, strict=True)))
        return keras.tree.flatten(outputs)

    eager = flat(function(*tensors))
    with leak_check():
        fast = flat(compiled(layer, function)(*tensors))
    case.assert_close(fast, eager)
    # A tensor of the trace that stayed in the layer would raise here.
    again = flat(function(*tensors))
    for a, b in zip(eager, again, strict=True):
        np.testing.assert_array_equal(b, a)
