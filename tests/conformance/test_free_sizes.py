"""Dynamic sizes, then static sizes, then a batch of one, in one process.

`test_across_backends` compares a process that has done this for all models with a fresh one.
"""

import keras
import numpy as np
import pytest

from keras_attn import AttentionDecoder
from tests.backend import BACKEND, TRAINS, flat, quick, traced_with_free_sizes
from tests.conformance.case import by_id, first_of_class
from tests.conformance.dynamic_sizes import dynamic_calls, flat_call
from tests.conformance.registry import CASES, LAYERS, MODELS

SEQUENCES = [case for case in MODELS if "source" in case.inputs]


# Traces of static sizes that a function keeps beside those of dynamic ones depend on the class.
REMEMBERED = {case.id for case in first_of_class(CASES)}


@by_id(CASES)
@pytest.mark.skipif(not TRAINS, reason="no training backend")
def test_dynamic_then_static_sizes_then_one_example(case):
    model = case.model()
    function, tensors = flat_call(case, model)
    functions = dynamic_calls(case, model)
    if case.id not in REMEMBERED:
        functions = functions[:1]
    # JAX compiles each size separately: one size is enough.
    for size in (None,) if BACKEND == "jax" else (None, 1):
        arrays = [array[:size] for array in tensors]
        expected = flat(quick(model, function)(*arrays))
        for traced in functions:
            for output, desired in zip(flat(traced(*arrays)), expected, strict=True):
                np.testing.assert_allclose(output, desired, rtol=1e-4, atol=1e-4)


def has_loop(case):
    """True for layers with a loop over steps, which PyTorch unrolls for the traced length."""
    layer = case.make()
    states = layer.state_shapes(1, 1) if hasattr(layer, "state_shapes") else ()
    return bool(states) or isinstance(layer, (keras.layers.RNN, AttentionDecoder))


@by_id([case for case in LAYERS if case.variable and not has_loop(case)])
@pytest.mark.skipif(BACKEND != "torch", reason="exports of PyTorch are traced with one example")
def test_a_trace_of_length_one_serves_all_lengths(case):
    model = case.model()
    function, arrays = flat_call(case, model)
    short = [
        array[tuple(slice(0, 1 if axis in free else None) for axis in range(array.ndim))]
        for array, free in (
            (array, case.variable.get(name, ()))
            for name, array in zip(case.inputs, arrays, strict=True)
        )
    ]
    traced, _ = traced_with_free_sizes(model, function, short, None)
    for output, desired in zip(flat(traced(*arrays)), flat(function(*arrays)), strict=True):
        np.testing.assert_allclose(output, desired, rtol=1e-4, atol=1e-5)


@by_id(SEQUENCES)
@pytest.mark.skipif(BACKEND not in ("tensorflow", "torch"), reason="no traces of other lengths")
def test_generate_with_several_padded_lengths(case):
    model = case.model()
    texts = [[5, 3, 4], [4, 5] * 12, [3]]
    together = [model.generate([text], max_length=4)[0] for text in texts]
    keras.utils.clear_session(free_memory=False)
    alone = case.model()
    assert together[1] == alone.generate([texts[1]], max_length=4)[0]
    assert together == case.model().generate(texts, max_length=4)
