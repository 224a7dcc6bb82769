"""The callback that draws a memory while a model is trained."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, NTMCell
from keras_attn.visualization import MemoryPictures, memory_pictures
from tests.visualization.captions import frames_of
from tests.visualization.traces import copying

pytestmark = pytest.mark.once

INPUTS = np.random.default_rng(0).random((2, 4, 3), dtype="float32")


def machine(sequences=True):
    inputs = keras.Input((None, 3))
    layer = NTM(NTMCell(6, 5, 4), return_sequences=sequences)
    return keras.Model(inputs, keras.layers.Dense(2)(layer(keras.layers.Dense(5)(inputs))))


def train(model, callback, epochs):
    model.compile("sgd", "mse")
    targets = np.zeros((2, 4, 2), "float32")
    model.fit(INPUTS, targets, epochs=epochs, verbose=0, callbacks=[callback])


@pytest.mark.training
def test_saves_pictures_and_an_animation(tmp_path):
    folder = tmp_path / "pictures"
    train(machine(), MemoryPictures(INPUTS, folder, frequency=2), epochs=3)
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["epoch_0000.png", "epoch_0002.png", "training.gif"]
    assert len(frames_of(folder / "training.gif")[0]) == 2


@pytest.mark.parametrize("sequences", [True, False])
def test_draws_what_the_layer_does(tmp_path, monkeypatch, sequences):
    drawn = []
    monkeypatch.setattr(
        memory_pictures, "plot_memory_use", lambda trace, **options: drawn.append((trace, options))
    )
    model = machine(sequences)
    callback = MemoryPictures(INPUTS, tmp_path, example=1)
    callback.set_model(model)
    callback.draw(epoch=3)
    ((trace, options),) = drawn
    np.testing.assert_array_equal(options["inputs"], INPUTS)
    assert options["path"] == tmp_path / "epoch_0003.png"
    assert (options["example"], options["title"], options["all_locations"]) == (1, "epoch 3", True)
    assert ("outputs" in options) is sequences
    # The layer sees what comes out of the layer before it.
    expected = model.layers[2].trace(model.layers[1](INPUTS))
    for name, values in expected.items():
        found, wanted = (keras.ops.convert_to_numpy(each) for each in (trace[name], values))
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_takes_a_callable(tmp_path):
    seen = []

    def trace(inputs):
        seen.append(inputs.shape)
        return copying(length=2)

    callback = MemoryPictures(INPUTS, tmp_path, trace=trace, title="mine")
    callback.set_model(keras.Sequential([keras.Input((4, 3)), keras.layers.Dense(2)]))
    assert callback.draw(1).stat().st_size > 1000
    assert seen == [(2, 4, 3)]


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`frequency` must be a positive integer"):
        MemoryPictures(INPUTS, tmp_path, frequency=0)
    first, second = keras.Input((None, 3)), keras.Input((None, 3))
    layer = NTM(NTMCell(6, 5, 4))
    for model in (
        keras.Sequential([keras.Input((4, 3)), keras.layers.Dense(2)]),
        keras.Model([first, second], layer(keras.layers.Add()([first, second]))),
    ):
        callback = MemoryPictures(INPUTS, tmp_path)
        callback.set_model(model)
        with pytest.raises(ValueError, match=r"`model` must be a functional .* of one input"):
            callback.on_train_begin()
