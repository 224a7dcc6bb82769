"""Dynamic sizes, then static sizes, then a batch of one, in one process.

`test_across_backends` compares a process that has done this for all models with a fresh one.
"""

import keras
import numpy as np
import pytest

from keras_attn import AttentionDecoder
from tests.backend import BACKEND, TRAINS, flat, quick
from tests.conformance.changes import varied
from tests.conformance.dynamic_sizes import dynamic_call, flat_call, traced_with_example
from tests.conformance.registry import CASES, LAYERS, MODELS
from tests.conformance.selection import by_id, first_of_class, shared_cases

FIRST = first_of_class(CASES)
SEQUENCES = first_of_class([case for case in MODELS if "source" in case.inputs])


def shorter(case, arrays):
    """Returns the inputs of a case with every free axis shorter by one."""
    free = getattr(case, "variable", {})
    names = zip(case.inputs, arrays, strict=True)
    return [cut(array, free.get(name, ()), lambda size: size - 1) for name, array in names]


def cut(array, axes, new_size):
    """Cuts each of the axes of an array to `new_size(size)`."""
    sizes = [new_size(n) if axis in axes else n for axis, n in enumerate(array.shape)]
    return array[tuple(map(slice, sizes))]


def sizes(case, arrays):
    """Returns the lists of inputs that a trace of a case is called with."""
    if BACKEND == "jax":  # compiles each size separately: one size is enough
        return [shorter(case, arrays)]
    one = [array[:1] for array in arrays]
    # PyTorch unrolls loops for the traced length.
    return [arrays, one] if BACKEND == "torch" else [arrays, one, shorter(case, arrays)]


@by_id(shared_cases(CASES))
@pytest.mark.skipif(not TRAINS, reason="no training backend")
def test_dynamic_then_static_sizes_then_one_example(case):
    model = case.model()
    function, arrays = flat_call(case, model)
    functions = [dynamic_call(case, model, gradients=case in FIRST)]
    if BACKEND == "tensorflow" and case in FIRST:
        # A function that keeps traces of static sizes beside those of dynamic ones.
        import tensorflow as tf

        functions.append(tf.function(function, autograph=False))
    for given in sizes(case, arrays):
        expected = flat(quick(model, function)(*given))
        for traced in functions:
            for output, desired in zip(flat(traced(*given)), expected, strict=True):
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
    names = zip(case.inputs, arrays, strict=True)
    short = [cut(array, case.variable.get(name, ()), lambda _: 1) for name, array in names]
    traced = traced_with_example(model, function, short)
    for output, desired in zip(flat(traced(*arrays)), flat(function(*arrays)), strict=True):
        np.testing.assert_allclose(output, desired, rtol=1e-4, atol=1e-5)


@by_id(SEQUENCES)
@pytest.mark.skipif(BACKEND not in ("tensorflow", "torch"), reason="no traces of other lengths")
def test_generate_with_several_padded_lengths(case):
    model = varied(case.model())
    texts = [[5, 3, 4], [4, 5] * 12, [3]]
    together = [model.generate([text], max_length=4)[0] for text in texts]
    assert len({tuple(words) for words in together}) > 1
    keras.utils.clear_session(free_memory=False)
    alone = varied(case.model())
    assert together[1] == alone.generate([texts[1]], max_length=4)[0]
    assert together == varied(case.model()).generate(texts, max_length=4)
