"""Applications compute what the equations of their papers say, in inference and in training."""

import numpy as np
import pytest

from tests.backend import on_one_backend, to_numpy
from tests.conformance.registry import MODELS, VARIANTS
from tests.conformance.selection import by_id, shared_cases
from tests.draws import recorded_draws

CASES = shared_cases([case for case in [*MODELS, *VARIANTS] if case.oracle])


def arrays_of(result):
    """Returns the result of a method as a list of arrays; an alignment is its weights."""
    return [to_numpy(getattr(each, "weights", each)) for each in leaves(result)]


def leaves(result):
    """Returns the leaves of a structure, of dictionaries in the order of their names."""
    if isinstance(result, dict):
        return [leaf for name in sorted(result) for leaf in leaves(result[name])]
    if isinstance(result, (list, tuple)):
        return [leaf for each in result for leaf in leaves(each)]
    return [] if result is None else [result]


@by_id(CASES)
def test_inference_is_that_of_the_paper(case):
    model = case.oracle.model(case)
    expected = case.oracle.forward(case.oracle.parameters(model), **case.arrays())
    case.assert_close(case.predict(model), expected.pop("outputs"))
    for name, desired in expected.items():
        call = case.oracle.calls.get(name, lambda model, x, name=name: getattr(model, name)(x))
        case.assert_close(arrays_of(call(model, case.packed())), leaves(desired))


@pytest.mark.training
@by_id([case for case in CASES if case.oracle.training])
def test_training_is_that_of_the_paper(case):
    model = case.oracle.model(case)
    model.compile("sgd", **case.compile)
    parameters = case.oracle.parameters(model)  # before statistics are updated
    x, y = case.fit_data(model)
    with recorded_draws(model) as draws:
        outputs = model(x, training=True)
        loss, metrics = loss_and_metrics(model, x, y, outputs)
    expected = case.oracle.training(parameters, draws, y, **case.arrays())
    if "outputs" in expected:
        case.assert_close(arrays_of(outputs), expected["outputs"])
    case.assert_close([loss], [expected["loss"]])
    assert_metrics(case, metrics, expected)
    if "weights" in expected:
        changed, found = {**parameters, **expected["weights"]}, case.oracle.parameters(model)
        case.assert_close([found[symbol] for symbol in changed], list(changed.values()))
    if "losses" not in expected:
        return
    losses = np.asarray(expected["losses"])
    weights = np.linspace(0.5, 2.0, len(losses), dtype="float32")
    weighted, metrics = loss_and_metrics(model, x, y, outputs, weights)
    added = expected["loss"] - np.mean(losses)
    case.assert_close([weighted], [np.mean(weights * losses) + added])
    assert_metrics(case, metrics, expected, weights)


def loss_and_metrics(model, x, y, outputs, sample_weight=None):
    """Returns the loss of a training pass, and the results of the metrics by name."""
    for metric in model.metrics:
        metric.reset_state()
    loss = model.compute_loss(x, y, outputs, sample_weight, training=True)
    return to_numpy(loss), {metric.name: to_numpy(metric.result()) for metric in model.metrics}


def assert_metrics(case, metrics, expected, weights=None):
    """A metric is the weighted mean of the numbers of the examples."""
    for name, values in expected.get("metrics", {}).items():
        case.assert_close([metrics[name]], [np.average(values, weights=weights)])


@on_one_backend
def test_every_application_has_an_oracle():
    with_oracle = {case.subject for case in [*MODELS, *VARIANTS] if case.oracle}
    assert with_oracle == {case.subject for case in MODELS}
