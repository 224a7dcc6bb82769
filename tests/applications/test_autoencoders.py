"""Autoencoders: the subspace of linear codes, corrupted examples, and likelihoods."""

import keras
import numpy as np
import pytest

from keras_attn.applications import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from keras_attn.applications.corruption import Corruption
from tests.backend import BACKEND, to_numpy
from tests.moments import check_frequencies, check_normal

# Several steps per execution amortize the overhead of compiled steps; PyTorch does not compile.
STEPS = 1 if BACKEND == "torch" else 4


@pytest.mark.training
def test_linear_codes_span_the_subspace_of_the_principal_components(generator):
    scales = np.array([4.0, 3.0, 2.0, 0.5, 0.4, 0.3])
    turned, _ = np.linalg.qr(generator.normal(size=(6, 6)))
    x = (generator.normal(size=(400, 6)) * scales) @ turned.T
    x = (x - x.mean(axis=0)).astype("float32")
    _, _, components = np.linalg.svd(x, full_matrices=False)
    principal = components[:3].T
    model = Autoencoder((6,), units=3, output_activation=None)
    rate = keras.optimizers.schedules.CosineDecay(0.03, 1200)
    model.compile(keras.optimizers.Adam(rate), "mse", steps_per_execution=STEPS)
    model.fit(x, x, epochs=300, batch_size=100, verbose=0)
    kernel = to_numpy(model.decoder[0].kernel)  # from codes to examples, `(3, 6)`
    found, _ = np.linalg.qr(kernel.T)
    # Cosines of the angles between the two subspaces.
    cosines = np.linalg.svd(principal.T @ found, compute_uv=False)
    assert cosines.min() > 0.99
    best = x @ principal @ principal.T
    assert np.mean((model.predict(x, verbose=0) - x) ** 2) < 1.02 * np.mean((best - x) ** 2)


def test_the_decoder_mirrors_the_encoder():
    models = Autoencoder((4, 5), (16, 8, 3)), VariationalAutoencoder((4, 5), 3, (16, 8))
    widths = [[layer.units for layer in (*each.encoder, *each.decoder)] for each in models]
    assert widths == [[16, 8, 3, 8, 16, 20], [16, 8, 8, 16, 20]]


def test_codes_do_not_depend_on_the_batch_size(generator):
    model = Autoencoder((4, 5), units=(16, 8, 3))
    x = generator.random((7, 4, 5)).astype("float32")
    code = model.encode(x)
    np.testing.assert_allclose(model.encode(x, batch_size=3), code, atol=1e-5)
    np.testing.assert_allclose(model.decode(code, batch_size=3), model.decode(code), atol=1e-5)


@pytest.mark.parametrize("kind", ["masking", "salt_and_pepper", "gaussian"])
def test_examples_are_corrupted_in_training_only(kind):
    layer = Corruption(kind, 0.4, seed=1)
    x = np.full((50, 100), 0.5, "float32")
    np.testing.assert_array_equal(to_numpy(layer(x)), x)
    corrupted = to_numpy(layer(x, training=True))
    if kind == "gaussian":
        check_normal(corrupted - x, 0.4)
        return
    values, counts = np.unique(corrupted, return_counts=True)
    # Pepper is 0, salt is 1, and 0.5 is left as it was.
    chances = {0.0: 0.4, 0.5: 0.6}
    if kind == "salt_and_pepper":
        chances = {0.0: 0.2, 0.5: 0.6, 1.0: 0.2}
    assert values.tolist() == list(chances)
    check_frequencies(counts, list(chances.values()))


@pytest.mark.training
def test_corrupted_examples_are_restored():
    """There are two patterns, and either is determined by half of its pixels."""
    patterns = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]], "float32")
    x = np.tile(patterns, (32, 1))
    model = DenoisingAutoencoder((8,), units=16, code_activation="relu", amount=0.5, seed=1)
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    model.fit(x, x, epochs=60, batch_size=64, verbose=0)
    corrupted = patterns.copy()
    corrupted[0, :2] = corrupted[1, 4:6] = 0.0
    np.testing.assert_array_equal(model.predict(corrupted, verbose=0).round(), patterns)


@pytest.mark.training
def test_a_variational_autoencoder_bounds_the_likelihood():
    """Examples are eight equal bits, whose entropy is one bit, ln 2."""
    x = np.repeat([[0.0], [1.0]], 64, axis=0) * np.ones((1, 8))
    x = x.astype("float32")
    model = VariationalAutoencoder((8,), latent_units=1, units=(16,), activation="tanh", seed=1)
    model.compile(keras.optimizers.Adam(0.02))
    model.fit(x, epochs=60, batch_size=128, verbose=0)
    bound = model.evaluate(x, verbose=0, return_dict=True)
    likelihood = model.log_likelihood(x[::16], 200, seed=0).mean()
    assert np.log(2) - 0.05 < -likelihood < bound["loss"] + 0.1 < 2.0
    drawn = model.generate(200, seed=0)
    # Examples are all zeros or all ones.
    assert np.mean(np.abs(drawn - 0.5) > 0.4) > 0.7
    # From the means of the codes; a few draws lie among the codes of the other example.
    zeros = np.zeros((128, 1), "float32")
    np.testing.assert_array_equal(model.reconstruct(x, zeros).round(), x)
    means = model.encode(x)
    assert (means[:64].mean() < 0) != (means[64:].mean() < 0)


def test_bad_arguments_of_a_variational_autoencoder_are_refused():
    model = VariationalAutoencoder((8,), latent_units=2, units=(4,))
    with pytest.raises(ValueError, match="`latent`"):
        model.generate(latent=np.zeros((3, 1)))
    with pytest.raises(ValueError, match="`noise`"):
        model.reconstruct(np.zeros((3, 8)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="`num_examples`"):
        model.generate(0)


def test_each_metric_is_evaluated_once():
    model = VariationalAutoencoder((6,), units=(5,), latent_units=2)
    model.compile("sgd")
    x = np.full((4, 6), 0.5, "float32")
    found = model.evaluate(x, verbose=0)
    named = model.evaluate(x, verbose=0, return_dict=True)
    assert set(named) == {"loss", "reconstruction", "kl_divergence"}
    assert len(found) == 3


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="At least one example"):
        Autoencoder((6,), units=(5, 2)).encode(np.zeros((0, 6), "float32"))
