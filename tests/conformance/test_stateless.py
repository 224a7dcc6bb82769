"""`stateless_call` with given values equals a call after these values are assigned.

Per-example gradients, functional training loops and averages of weights depend on this.
"""

import numpy as np
import pytest

from tests.backend import flat, outputs_and_gradients
from tests.conformance.calls import assert_close_gradients, caller
from tests.conformance.case import LayerCase
from tests.conformance.registry import CASES
from tests.conformance.selection import by_id, shared_cases


def other_values(variables, seed=5):
    generator = np.random.default_rng(seed)
    return [
        (generator.uniform(-1.0, 1.0, size=each.shape) / max((*each.shape[:1], 1)) ** 0.5).astype(
            "float32"
        )
        for each in variables
    ]


@pytest.mark.training
@by_id(shared_cases(CASES))
def test_stateless_call_equals_a_call_with_assigned_values(case):
    layer = case.built() if isinstance(case, LayerCase) else case.model()
    trainable, fixed = layer.trainable_variables, [v.value for v in layer.non_trainable_variables]
    call, values = caller(case, layer), other_values(trainable)

    def stateless(*values):
        return call(lambda *args, **more: layer.stateless_call(values, fixed, *args, **more)[0])

    found, by_given, _ = outputs_and_gradients(stateless, values)
    for variable, value in zip(trainable, values, strict=True):
        variable.assign(value)
    expected, _, by_assigned = outputs_and_gradients(call, [], trainable)
    case.assert_close(flat(found), flat(expected))
    assert_close_gradients(by_given, by_assigned)
