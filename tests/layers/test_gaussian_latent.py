"""The Gaussian latent variable of the autoencoder and of DRAW."""

import numpy as np
import pytest

from keras_attn.layers.gaussian_latent import GaussianLatent
from tests.backend import to_numpy


def latent(mean, log_stddev, **options):
    """Returns a layer that ignores its inputs, of one feature."""
    layer = GaussianLatent(len(mean), **options)
    layer.build((None, 1))
    layer.projection.kernel.assign(0.0 * layer.projection.kernel)
    layer.projection.bias.assign([*mean, *log_stddev])
    return layer


def test_the_logarithm_of_the_deviation_lies_between_bounds():
    logarithms = [-1e4, -10.1, -9.9, 0.0, 9.9, 10.1, 1e4]
    layer = latent([-20.0, 0.0, 1.0, 2.0, 3.0, 4.0, 20.0], logarithms)
    mean, log_stddev = map(to_numpy, layer.infer(np.ones((1, 1), "float32")))
    np.testing.assert_allclose(mean[0], [-20.0, 0.0, 1.0, 2.0, 3.0, 4.0, 20.0])
    np.testing.assert_allclose(log_stddev[0], [-10.0, -10.0, -9.9, 0.0, 9.9, 10.0, 10.0])
    z, divergence = map(to_numpy, layer(np.ones((2, 1), "float32"), training=True))
    assert np.isfinite(z).all()
    assert np.isfinite(divergence).all()


@pytest.mark.parametrize("training", [True, False])
def test_draws_have_the_mean_and_the_deviation_in_training_alone(training):
    mean, stddev = np.array([2.0, -1.0]), np.array([0.5, 3.0])
    layer = latent(mean, np.log(stddev), seed=1)
    z, _ = map(to_numpy, layer(np.ones((4000, 1), "float32"), training=training))
    np.testing.assert_allclose(z.mean(axis=0), mean, atol=4 * stddev.max() / 4000**0.5)
    np.testing.assert_allclose(z.std(axis=0), stddev if training else 0.0, rtol=0.05, atol=1e-5)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.07 if training else (z == z[:1]).all()
