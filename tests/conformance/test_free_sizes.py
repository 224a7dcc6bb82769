"""Dynamic sizes, then static sizes, then a batch of one, in one process.

`test_across_backends` compares a process that has done this for all models with a fresh one.
"""

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, TRAINS, flat, quick
from tests.conformance.case import by_id, first_of_class
from tests.conformance.dynamic_sizes import dynamic_calls, flat_call
from tests.conformance.registry import CASES, MODELS

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
