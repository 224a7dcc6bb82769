"""Metrics of variational models compare images with the means of the likelihood."""

import numpy as np
import pytest

from keras_attn.applications import DRAW, VariationalAutoencoder
from tests.oracles.recurrent import sigmoid

IMAGES = np.random.default_rng(3).integers(0, 2, (6, 8, 7, 1)).astype("float32")
MODELS = {
    "draw": lambda **options: DRAW(
        (8, 7, 1), 2, 12, 3, data_format="channels_last", seed=1, **options
    ),
    "autoencoder": lambda **options: VariationalAutoencoder((8, 7, 1), 2, 4, seed=1, **options),
}


@pytest.mark.training
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("name", MODELS)
def test_metrics_are_of_the_mean(name, likelihood):
    model = MODELS[name](likelihood=likelihood)
    model.compile("sgd", metrics=["mae"], run_eagerly=True)
    canvas = model.predict(IMAGES, verbose=0)["canvas"]
    mean = sigmoid(canvas) if likelihood == "bernoulli" else canvas
    found = model.evaluate(IMAGES, verbose=0, return_dict=True)["mae"]
    np.testing.assert_allclose(found, np.abs(mean - IMAGES).mean(), rtol=1e-5)
