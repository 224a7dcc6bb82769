"""Data are checked once, before training."""

import keras
import numpy as np
import pytest

from keras_attn.applications import VariationalAutoencoder, checked_data
from keras_attn.applications.arrays import first_batch
from keras_attn.applications.checked_data import value_range

pytestmark = pytest.mark.training


def model():
    made = VariationalAutoencoder((4,), units=3, latent_units=2)
    made.compile("sgd", run_eagerly=True)
    return made


def batches(count, scale=1.0, with_targets=False):
    for _ in range(count):
        images = np.full((2, 4), scale, "float32")
        yield (np.ones((2, 4), "float32"), images) if with_targets else (images,)


def test_fit_reads_the_first_batches_once(monkeypatch):
    peeked = []

    def spy(data):
        peeked.append(data)
        return first_batch(data)

    monkeypatch.setattr(checked_data, "first_batch", spy)
    history = model().fit(
        batches(4),
        steps_per_epoch=2,
        epochs=2,
        validation_data=batches(9),
        validation_steps=2,
        verbose=0,
    )
    assert len(history.history["val_loss"]) == 2
    assert len(peeked) == 2  # the training data and the validation data


@pytest.mark.parametrize(
    "data",
    [
        lambda: batches(2, scale=2.0),
        lambda: batches(2, scale=2.0, with_targets=True),
        lambda: (2.0 * np.ones((2, 4), "float32"),),
        lambda: (keras.ops.full((2, 4), 2.0),),
    ],
    ids=["inputs", "targets", "array", "tensor"],
)
def test_validation_data_are_checked(data):
    with pytest.raises(ValueError, match=r"`validation_data` must lie in .* from .* to 2"):
        model().fit(np.ones((2, 4), "float32"), validation_data=data(), verbose=0)


def test_single_batches_are_checked():
    ones = np.ones((2, 4), "float32")
    for method in (model().train_on_batch, model().test_on_batch):
        with pytest.raises(ValueError, match="`x` must lie in"):
            method(2.0 * ones)
        with pytest.raises(ValueError, match="`y` must lie in"):
            method(ones, 2.0 * ones)


def test_value_range():
    for array in (np.array([[3, -1]], "int8"), keras.ops.convert_to_tensor([3.0, -1.0])):
        assert value_range(array) == (-1.0, 3.0)
    assert value_range(keras.ops.cast([3.0, -1.0], "bfloat16")) == (-1.0, 3.0)
    for other in (None, [1.0], np.zeros((0, 2)), np.array([True]), keras.Input((2,))):
        assert value_range(other) is None
