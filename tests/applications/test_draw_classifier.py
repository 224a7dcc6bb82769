"""DRAW classifier: windows, and learning where an object is."""

import keras
import numpy as np
import pytest

from keras_attn.applications import DRAWClassifier

SIZES = {"steps": 3, "units": 16, "read_size": 3, "data_format": "channels_last"}


def test_windows_do_not_depend_on_the_batch_size(generator):
    model = DRAWClassifier((8, 9, 1), 4, **SIZES)
    images = generator.random((5, 8, 9, 1)).astype("float32")
    windows, together = model.windows(images, batch_size=2), model.windows(images)
    for name, each in windows.items():
        np.testing.assert_allclose(each, together[name], atol=1e-4)
    # The first window does not depend on the image.
    np.testing.assert_allclose(windows["box"][:, 0], windows["box"][:1, 0].repeat(5, axis=0))
    assert np.ptp(windows["center"][:, 1], axis=0).max() > 0.01


@pytest.mark.training
def test_the_quarter_of_a_dot_is_learned(generator):
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


def test_a_model_without_attention_has_no_windows():
    model = DRAWClassifier((8, 9, 1), 4, **{**SIZES, "read_size": None})
    with pytest.raises(ValueError, match="`windows` needs a model with attention"):
        model.windows(np.zeros((1, 8, 9, 1)))
    with pytest.raises(ValueError, match="`initialize_to_full_image` needs a model with attention"):
        model.initialize_to_full_image()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_first_window_can_cover_the_full_image(data_format):
    shape = (8, 12, 1) if data_format == "channels_last" else (1, 8, 12)
    model = DRAWClassifier(shape, 4, **{**SIZES, "data_format": data_format})
    model.initialize_to_full_image()
    windows = model.windows(np.zeros((1, *shape), "float32"))
    # Three filters in the middles of the thirds of the longer side, around the image center.
    np.testing.assert_allclose(windows["box"][0, 0], [1.5, -0.5, 9.5, 7.5], atol=1e-4)
