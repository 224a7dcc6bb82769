"""Draws of a Gaussian latent variable and its divergence, at and beyond the limits."""

import math

import keras
import numpy as np
import pytest

from keras_attn.layers.gaussian_latent import GaussianLatent
from tests.backend import flat, gradients, to_numpy
from tests.conformance.precision import double_precision
from tests.draws import recorded_draws

# Means, and logarithms of deviations, which lie in [-10, 10].
MEANS = np.array([0.5, -1.0, 2.0, 0.0, 1.0, -2.0])
LOGARITHMS = np.array([-0.5, 9.9, 10.5, -10.5, 1e4, -1e4])


def latent(dtype="float32", numbers=(*MEANS, *LOGARITHMS)):
    """Returns a layer whose parameters are its biases."""
    layer = GaussianLatent(len(MEANS), seed=1, dtype=dtype)
    layer.build((None, 2))
    layer.projection.kernel.assign(np.zeros((2, len(numbers))))
    layer.projection.bias.assign(np.array(numbers))
    return layer


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float32", 1e-5), ("float64", 1e-9), ("mixed_float16", 2e-3), ("mixed_bfloat16", 2e-2)],
)
def test_it_is_the_mean_and_drawn_noise_times_the_deviation(dtype, tolerance, training):
    if keras.backend.backend() in ("numpy", "openvino") and dtype != "float32":
        pytest.skip("no other precision")
    with double_precision():
        layer = latent(dtype)
        hidden = keras.ops.zeros((3, 2), layer.compute_dtype)
        with recorded_draws(layer) as draws:
            z, divergence = flat(layer(hidden, training=training))
    mean = to_numpy(keras.ops.cast(MEANS, layer.compute_dtype)).astype("float64")
    logarithms = np.clip(LOGARITHMS, -10.0, 10.0)
    expected = np.tile(mean, (3, 1))
    if training:
        (noise,) = draws[""]
        assert noise.shape == (3, 6)
        assert len(np.unique(noise)) > noise.size // 2
        expected = expected + np.exp(logarithms) * noise
    else:
        assert not draws
    np.testing.assert_allclose(z.astype("float64"), expected, rtol=4 * tolerance, atol=tolerance)
    cost = 0.5 * sum(
        m * m + math.exp(2 * s) - 2 * s - 1 for m, s in zip(mean, logarithms, strict=True)
    )
    # The square of a deviation doubles the error of its logarithm, of which there are 20.
    np.testing.assert_allclose(divergence, [cost] * 3, rtol=20 * tolerance)


@pytest.mark.training
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_gradients_end_at_the_limits(dtype):
    logarithms = np.array([-0.5, 2.0, 10.5, -10.5, 1e4, -1e4])
    layer = latent(dtype, (*MEANS, *logarithms))

    def root(hidden):  # `gradients` differentiates its square
        return keras.ops.sqrt(layer(hidden)[1])

    _, (slope,) = gradients(root, [np.zeros((1, 2), "float32")], [layer.projection.bias])
    tolerance = {"float32": 1e-4, "mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}[dtype]
    slopes = np.expm1(2.0 * np.clip(logarithms, -10.0, 10.0))
    expected = [*MEANS, *np.where(np.abs(logarithms) <= 10.0, slopes, 0.0)]
    np.testing.assert_allclose(slope, expected, rtol=tolerance)


def test_the_config_has_the_seed():
    hidden, found = keras.ops.zeros((3, 2)), []
    for _ in range(2):
        layer = GaussianLatent.from_config(GaussianLatent(4, seed=7).get_config())
        layer.build((3, 2))
        found.append(to_numpy(layer(hidden, training=True)[0]))
    np.testing.assert_array_equal(*found)
    assert np.ptp(found[0]) > 0
