"""Applications compute what the equations of their papers say, in inference and in training."""

import keras
import numpy as np
import pytest

from tests.backend import to_numpy
from tests.conformance.registry import MODELS, VARIANTS
from tests.conformance.selection import by_id, shared_cases
from tests.draws import recorded_draws

CASES = shared_cases([case for case in [*MODELS, *VARIANTS] if case.oracle])


def assert_close(case, actual, desired):
    assert len(actual) == len(desired)
    for one, other in zip(actual, desired, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, atol=case.tolerance, rtol=case.tolerance)


def arrays_of(result):
    """Returns the result of a method as a list of arrays; an alignment is its weights."""
    leaves = [getattr(each, "weights", each) for each in keras.tree.flatten(result)]
    return [to_numpy(each) for each in leaves]


@by_id(CASES)
def test_inference_is_that_of_the_paper(case):
    model = case.model()
    expected = case.oracle.forward(case.oracle.parameters(model), **case.arrays())
    assert_close(case, case.predict(model), expected.pop("outputs"))
    for name, desired in expected.items():
        call = case.oracle.calls.get(name)
        found = call(model, **case.arrays()) if call else getattr(model, name)(case.packed())
        assert_close(case, arrays_of(found), desired)


@pytest.mark.training
@by_id([case for case in CASES if case.oracle.training])
def test_training_is_that_of_the_paper(case):
    model = case.model()
    model.compile("sgd", **case.compile)
    parameters = case.oracle.parameters(model)  # before statistics are updated
    x, y = case.fit_data(model)
    with recorded_draws(model) as draws:
        outputs = model(x, training=True)
        loss = model.compute_loss(x, y, outputs, training=True)
    expected = case.oracle.training(parameters, draws, y, **case.arrays())
    if "outputs" in expected:
        assert_close(case, arrays_of(outputs), expected["outputs"])
    assert_close(case, [to_numpy(loss)], [expected["loss"]])
