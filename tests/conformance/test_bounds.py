"""Variational models: the bound in evaluation and of other targets, and metrics of `compile`."""

import numpy as np
import pytest

from keras_attn.applications import DRAW, VariationalAutoencoder
from tests.backend import to_numpy
from tests.conformance.registry import MODELS
from tests.conformance.selection import by_id
from tests.draws import recorded_draws
from tests.oracles.variational import shown

pytestmark = pytest.mark.training
CASES = [case for case in MODELS if case.application in (DRAW, VariationalAutoencoder)]
WEIGHTS = np.array([0.5, 2.0], "float32")


def compiled(case, **options):
    model = case.model()
    model.compile("sgd", **options)
    return model, case.fit_data(model)[0]


@by_id(CASES)
def test_evaluation_computes_the_bound_of_one_draw(case):
    model, x = compiled(case)
    outputs = model(x, training=False)
    with recorded_draws(model) as draws:
        loss = model.compute_loss(x, None, outputs, WEIGHTS, training=False)
    expected = case.oracle.training(case.oracle.parameters(model), draws, None, x)
    np.testing.assert_allclose(to_numpy(loss), np.mean(WEIGHTS * expected["losses"]), rtol=1e-5)


@by_id(CASES)
def test_the_likelihood_is_that_of_the_targets(case):
    model, x = compiled(case)
    y = 0.25 + 0.5 * x
    with recorded_draws(model) as draws:
        loss = model.compute_loss(x, y, model(x, training=True), training=True)
    expected = case.oracle.training(case.oracle.parameters(model), draws, y, x)
    np.testing.assert_allclose(to_numpy(loss), expected["loss"], rtol=1e-5)


@by_id(CASES)
def test_metrics_of_compile_compare_the_mean_of_the_likelihood_with_the_targets(case):
    model, x = compiled(case, metrics=["mae"], weighted_metrics=["mse"])
    results = model.compute_metrics(x, None, model(x, training=False), WEIGHTS)
    canvas = case.oracle.forward(case.oracle.parameters(model), x)["outputs"][0]
    mean = shown(canvas, model.likelihood)
    errors = (mean - x).reshape(len(x), -1)
    expected = {
        "mae": np.mean(np.abs(errors)),
        "mse": np.average(np.mean(errors**2, axis=1), weights=WEIGHTS),
    }
    # Before Keras 3.13 names begin with that of the output.
    found = {name.split("_")[-1]: value for name, value in results.items()}
    for name, value in expected.items():
        np.testing.assert_allclose(float(found[name]), value, rtol=1e-5)
