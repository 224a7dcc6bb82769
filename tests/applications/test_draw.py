"""DRAW: training, random draws, likelihood, initialization and its windows."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.applications import DRAW
from tests.backend import to_numpy

SHAPE = (8, 7, 1)
SIZES = {"steps": 4, "units": 12, "latent_units": 3, "data_format": "channels_last"}
IMAGES = np.random.default_rng(3).integers(0, 2, (6, *SHAPE)).astype("float32")


def draw(**changes):
    keras.utils.set_random_seed(0)
    return DRAW(changes.pop("image_shape", SHAPE), **{**SIZES, "seed": 1, **changes})


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def clear(weight):
    weight.assign(np.zeros(weight.shape, "float32"))


def randomise(model):
    generator = np.random.default_rng(4)
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(generator.normal(0, 0.3, weight.shape))
    return model


@pytest.mark.training
def test_the_loss_falls_and_only_evaluation_is_random():
    model = draw()
    model.compile(keras.optimizers.Adam(0.03))
    history = model.fit(IMAGES, epochs=40, batch_size=6, verbose=0).history
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    found = model.evaluate(IMAGES, verbose=0, return_dict=True)
    again = model.evaluate(IMAGES, verbose=0, return_dict=True)
    assert found["loss"] != again["loss"]
    np.testing.assert_array_equal(*(model.predict(IMAGES, verbose=0)["canvas"] for _ in range(2)))


@pytest.mark.training
def test_the_same_seed_trains_the_same_weights():
    weights = []
    for _ in range(2):
        model = draw()
        model.compile("adam")
        model.fit(IMAGES, epochs=2, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_estimates_of_more_samples_are_closer_to_the_likelihood():
    model = randomise(draw(steps=1, latent_units=1))
    repeated = np.repeat(IMAGES, 50, axis=0)
    one, many = (
        model.log_likelihood(repeated, num_samples, batch_size=300, seed=0).reshape(6, 50)
        for num_samples in (1, 40)
    )
    # With one latent number the likelihood is an integral over a grid.
    grid = np.linspace(-8, 8, 801).astype("float32")
    generated = model.generate(latent=grid[:, None, None], batch_size=801)
    last = generated["images"][:, -1].astype("float64")
    prior = np.exp(-0.5 * grid.astype("float64") ** 2) / np.sqrt(2 * np.pi)
    exact = [
        np.log((prior * np.where(image > 0.5, last, 1 - last).prod(axis=(1, 2, 3))).sum() * 0.02)
        for image in IMAGES
    ]
    assert one.mean() < many.mean() <= np.mean(exact) + 0.02
    # The mean of 50 means of 40 samples is the mean of 2000 samples.
    best = np.logaddexp.reduce(many, axis=1) - np.log(50)
    np.testing.assert_allclose(best, exact, atol=0.03)


@pytest.mark.parametrize("method", ["generate", "reconstruct"])
def test_results_depend_on_the_seed_and_not_on_the_batch_size(method):
    model = randomise(draw())

    def call(**options):
        return getattr(model, method)(5 if method == "generate" else IMAGES[:5], **options)

    together, in_batches, other = call(seed=5), call(seed=5, batch_size=2), call(seed=6)
    for one, two in zip(keras.tree.flatten(together), keras.tree.flatten(in_batches), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5)
    assert not np.allclose(other["images"], together["images"])


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_first_canvas_can_be_the_mean_image(generator, likelihood, data_format):
    shape = (8, 7, 3) if data_format == "channels_last" else (3, 8, 7)
    images = generator.uniform(0.2, 0.8, (5, *shape)).astype("float32")
    model = draw(image_shape=shape, data_format=data_format, likelihood=likelihood)
    model.initialize_from(images)
    # Without the kernel the strokes are zero, and the first canvas is left.
    clear(model.recurrence.writer.projection.kernel)
    first = model.generate(2, seed=0)["images"][:, 0]
    np.testing.assert_allclose(first, np.stack([images.mean(axis=0)] * 2), atol=1e-5)


def test_the_first_windows_cover_the_full_image():
    model = draw(image_shape=(8, 12, 1), read_size=2, write_size=4)
    model.initialize_from(np.zeros((1, 8, 12, 1)))
    for layer in (model.recurrence.reader, model.recurrence.writer):
        clear(layer.projection.kernel)
    painted = model.reconstruct(np.zeros((1, 8, 12, 1), "float32"), seed=0)
    # The filters stand in the middles of equal parts of the longer side.
    for name, stride in (("read_window", 6.0), ("write_window", 3.0)):
        window = {part: each[0, 0] for part, each in painted[name].items()}
        np.testing.assert_allclose(window["center"], [5.5, 3.5], atol=1e-4)
        np.testing.assert_allclose(window["stride"], stride, rtol=1e-5)
        np.testing.assert_allclose(window["variance"], (stride / 2) ** 2, rtol=1e-5)


def test_windows_of_one_filter_on_one_pixel_are_finite():
    model = draw(image_shape=(1, 1, 1), read_size=1, write_size=1)
    model.initialize_from(np.ones((2, 1, 1, 1)))
    for layer in (model.recurrence.reader, model.recurrence.writer):
        assert np.isfinite(to_numpy(layer.projection.bias)).all()
    assert np.isfinite(model.generate(2, seed=0)["images"]).all()


def test_pixels_that_are_zero_in_all_images_get_a_small_probability():
    model = draw()
    model.initialize_from(0.0 * IMAGES)
    canvas = to_numpy(model.recurrence.start["canvas"])
    np.testing.assert_allclose(sigmoid(canvas), 1e-3, rtol=1e-4)


def test_bad_data_are_refused():
    model = draw()
    with pytest.raises(ValueError, match="`noise`"):
        model.reconstruct(IMAGES, np.zeros((6, 3, 3)))
    with pytest.raises(ValueError, match="`latent`"):
        model.generate(latent=np.zeros((6, 4, 2)))
    with pytest.raises(ValueError, match="`num_images`"):
        model.generate(0)
    with pytest.raises(ValueError, match="`num_samples`"):
        model.log_likelihood(IMAGES, 0)
    with pytest.raises(ValueError, match="`images` must be"):
        model.initialize_from(IMAGES[:, :7])
    with pytest.raises(ValueError, match="`initialize_from` needs"):
        draw(learn_initial_state=False).initialize_from(IMAGES)
    with pytest.raises(ValueError, match="`image` must be"):
        model(np.zeros((1, 8, 7, 3), "float32"))


@pytest.mark.training
def test_the_gaussian_likelihood_takes_any_images():
    model = draw(likelihood="gaussian", stddev=0.5)
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(10 * IMAGES - 5, epochs=2, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    # The canvas is the mean of the distribution.
    np.testing.assert_array_equal(to_numpy(model.mean(ops.convert_to_tensor(IMAGES))), IMAGES)
