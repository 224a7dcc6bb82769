"""A classifier that looks where the digit is."""

import keras
import numpy as np
import pytest

from keras_attn.applications import DRAWClassifier

SIZES = {"steps": 3, "units": 16, "read_size": 3, "data_format": "channels_last"}


def test_windows_are_those_of_all_batches(generator):
    model = DRAWClassifier((8, 9, 1), 4, **SIZES)
    images = generator.random((5, 8, 9, 1)).astype("float32")
    windows, at_once = model.windows(images, batch_size=2), model.windows(images)
    assert windows["box"].shape == (5, 3, 4)
    for name, each in windows.items():
        np.testing.assert_allclose(each, at_once[name], atol=1e-4)
    # The first look knows nothing of the image.
    np.testing.assert_allclose(windows["box"][:, 0], windows["box"][:1, 0].repeat(5, axis=0))
    assert np.ptp(windows["center"][:, 1], axis=0).max() > 0


@pytest.mark.training
def test_it_finds_out_where_a_dot_is(generator):
    """In which quarter of the image: the label is a place, and only a look tells it."""
    keras.utils.set_random_seed(0)
    places = generator.integers(0, 12, (256, 2))
    images = np.zeros((256, 12, 12, 1), "float32")
    images[np.arange(256), places[:, 0], places[:, 1]] = 5.0
    labels = 2 * (places[:, 0] >= 6) + (places[:, 1] >= 6)
    model = DRAWClassifier((12, 12, 1), 4, **SIZES)
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(images, labels, epochs=30, batch_size=64, verbose=0).history
    assert history["accuracy"][-1] > 0.9


def test_without_attention_there_are_no_windows():
    model = DRAWClassifier((8, 9, 1), 4, **{**SIZES, "read_size": None})
    assert model(np.zeros((1, 8, 9, 1))).shape == (1, 4)
    with pytest.raises(ValueError, match="`windows` needs a model with attention"):
        model.windows(np.zeros((1, 8, 9, 1)))
    with pytest.raises(ValueError, match="`initialize_to_full_image` needs a model with attention"):
        model.initialize_to_full_image()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_first_window_can_leave_nothing_out(data_format):
    shape = (8, 12, 1) if data_format == "channels_last" else (1, 8, 12)
    model = DRAWClassifier(shape, 4, **{**SIZES, "data_format": data_format})
    model.initialize_to_full_image()
    windows = model.windows(np.zeros((1, *shape), "float32"))
    # Three filters in the middle of thirds of the longer side, about the middle of the image.
    np.testing.assert_allclose(windows["box"][0, 0], [1.5, -0.5, 9.5, 7.5], atol=1e-4)
