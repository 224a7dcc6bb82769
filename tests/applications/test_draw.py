"""DRAW paints: its bound, its draws, and what it says of its windows."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.applications import DRAW
from tests.backend import to_numpy

SHAPE = (8, 7, 1)
SIZES = {"steps": 4, "units": 12, "latent_units": 3, "data_format": "channels_last"}
IMAGES = np.random.default_rng(3).integers(0, 2, (6, *SHAPE)).astype("float32")


def painter(**changes):
    keras.utils.set_random_seed(0)
    return DRAW(changes.pop("image_shape", SHAPE), **{**SIZES, "seed": 1, **changes})


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def unsettle(model):
    generator = np.random.default_rng(4)
    for weight in model.weights:
        if "float" in weight.dtype:
            weight.assign(generator.normal(0, 0.3, weight.shape))
    return model


@pytest.mark.training
def test_the_loss_is_the_sum_of_its_two_parts_and_falls():
    model = painter()
    model.compile(keras.optimizers.Adam(0.03))
    history = model.fit(IMAGES, epochs=40, batch_size=6, verbose=0).history
    parts = np.add(history["reconstruction"], history["kl_divergence"])
    np.testing.assert_allclose(history["loss"], parts, rtol=1e-4)
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    found = model.evaluate(IMAGES, verbose=0, return_dict=True)
    again = model.evaluate(IMAGES, verbose=0, return_dict=True)
    assert found["loss"] != again["loss"], "`evaluate` draws"
    np.testing.assert_array_equal(
        *(model.predict(IMAGES, verbose=0)["canvas"] for _ in range(2)), "`predict` does not"
    )


@pytest.mark.training
def test_the_same_seed_trains_the_same_weights():
    weights = []
    for _ in range(2):
        model = painter()
        model.compile("adam")
        model.fit(IMAGES, epochs=2, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_samples_bring_the_estimate_up_to_the_likelihood():
    model = unsettle(painter(steps=1, latent_units=1))
    repeated = np.repeat(IMAGES, 50, axis=0)
    one, many = (
        model.log_likelihood(repeated, num_samples, batch_size=300, seed=0).reshape(6, 50)
        for num_samples in (1, 40)
    )
    # One latent number: its integral on a grid is the likelihood itself.
    grid = np.linspace(-8, 8, 801).astype("float32")
    latent = np.tile(grid[:, None, None], (1, 1, 1))
    last = model.generate(latent=latent, batch_size=801)["images"][:, -1].astype("float64")
    prior = np.exp(-0.5 * grid.astype("float64") ** 2) / np.sqrt(2 * np.pi)
    exact = [
        np.log((prior * np.where(image > 0.5, last, 1 - last).prod(axis=(1, 2, 3))).sum() * 0.02)
        for image in IMAGES
    ]
    assert one.mean() < many.mean() <= np.mean(exact) + 0.05
    # 50 means of 40 samples are one of 2000.
    best = np.logaddexp.reduce(many, axis=1) - np.log(50)
    np.testing.assert_allclose(best, exact, atol=0.15)


def test_what_is_generated_grows_step_by_step():
    model = unsettle(painter())
    painted = model.generate(3, seed=5)
    assert painted["images"].shape == (3, 4, *SHAPE)
    assert painted["write_window"]["box"].shape == (3, 4, 4)
    assert np.all((painted["images"] >= 0) & (painted["images"] <= 1))
    again = model.generate(3, seed=5, batch_size=2)
    np.testing.assert_allclose(again["images"], painted["images"], atol=1e-5)
    assert not np.allclose(model.generate(3, seed=6)["images"], painted["images"])
    read = model.reconstruct(IMAGES, seed=1)
    assert read["read_window"]["center"].shape == (6, 4, 2)
    whole = painter(read_size=None, write_size=None).generate(1)
    assert set(whole) == {"images"}


def test_new_weights_are_painted_with():
    model = painter()
    before = model.generate(1, seed=0)["images"]
    unsettle(model)
    assert not np.allclose(model.generate(1, seed=0)["images"], before)


@pytest.mark.parametrize("start", [True, False])
def test_the_start_is_learned_or_zero(start):
    model = painter(learn_initial_state=start)
    paths = [weight.path for weight in model.trainable_weights]
    assert any("first_canvas" in path for path in paths) == start


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_first_canvas_can_be_the_mean_image(generator, likelihood, data_format):
    shape = (8, 7, 3) if data_format == "channels_last" else (3, 8, 7)
    images = generator.uniform(0.2, 0.8, (5, *shape)).astype("float32")
    model = painter(image_shape=shape, data_format=data_format, likelihood=likelihood)
    model.initialize_from(images)
    # The strokes of the first step are all that is added.
    model.recurrence.writer.projection.kernel.assign(
        0.0 * model.recurrence.writer.projection.kernel
    )
    first = model.generate(2, seed=0)["images"][:, 0]
    np.testing.assert_allclose(first, np.stack([images.mean(axis=0)] * 2), atol=1e-5)


def test_windows_start_over_the_whole_image():
    model = painter(image_shape=(8, 8, 1), read_size=2, write_size=4)
    model.initialize_from(np.zeros((1, 8, 8, 1)))
    for layer in (model.recurrence.reader, model.recurrence.writer):
        layer.projection.kernel.assign(0.0 * layer.projection.kernel)
    painted = model.reconstruct(np.zeros((1, 8, 8, 1), "float32"), seed=0)
    for name, stride in (("read_window", 4.0), ("write_window", 2.0)):
        window = {part: each[0, 0] for part, each in painted[name].items()}
        np.testing.assert_allclose(window["center"], [3.5, 3.5], atol=1e-4)
        np.testing.assert_allclose(window["stride"], stride, rtol=1e-5)
        np.testing.assert_allclose(window["variance"], (stride / 2) ** 2, rtol=1e-5)


def test_one_filter_and_one_pixel_start_over_the_whole_image():
    model = painter(image_shape=(1, 1, 1), read_size=1, write_size=1)
    model.initialize_from(np.ones((2, 1, 1, 1)))
    for layer in (model.recurrence.reader, model.recurrence.writer):
        assert np.isfinite(to_numpy(layer.projection.bias)).all()
    assert np.isfinite(model.generate(2, seed=0)["images"]).all()


def test_pixels_that_are_never_set_may_be_after_all():
    model = painter()
    model.initialize_from(0.0 * IMAGES)
    canvas = to_numpy(model.recurrence.start["canvas"])
    np.testing.assert_allclose(sigmoid(canvas), 1e-3, rtol=1e-4)


def test_bad_data_are_refused():
    model = painter()
    model.compile("adam")
    with pytest.raises(ValueError, match=r"`x` must lie in \[0, 1\].*to 255"):
        model.fit(255 * IMAGES, verbose=0)
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
        painter(learn_initial_state=False).initialize_from(IMAGES)
    with pytest.raises(ValueError, match="`image` must be"):
        model(np.zeros((1, 8, 7, 3), "float32"))


@pytest.mark.training
def test_gaussian_images_may_be_anything():
    model = painter(likelihood="gaussian", stddev=0.5)
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(10 * IMAGES - 5, epochs=2, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    np.testing.assert_array_equal(
        to_numpy(model.mean(ops.convert_to_tensor(IMAGES))), IMAGES, "means are what is painted"
    )
