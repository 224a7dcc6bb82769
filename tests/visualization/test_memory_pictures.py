"""The callback that draws a memory during training."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, NTMCell
from keras_attn.visualization import MemoryPictures, memory_pictures, plot_memory_use
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
def test_draws_the_trace_of_the_layer(tmp_path, monkeypatch, sequences):
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
    # The inputs of the layer are the outputs of the layer before.
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


def model_and_inputs(kind):
    """Returns a model with other layers before its memory layer, and inputs of the model."""
    layer = NTM(NTMCell(6, 5, 4), return_sequences=True)
    if kind == "two inputs":
        inputs = [keras.Input((None, 3), name=name) for name in ("first", "second")]
        return keras.Model(inputs, layer(keras.layers.Add()(inputs))), [INPUTS, INPUTS]
    if kind == "named inputs":
        inputs = {name: keras.Input((None, 3), name=name) for name in ("b", "a")}
        outputs = layer(keras.layers.Subtract()([inputs["a"], inputs["b"]]))
        return keras.Model(inputs, outputs), {"a": INPUTS, "b": INPUTS[::-1]}
    if kind == "states":
        inputs = keras.Input((None, 3))
        layer.build((None, None, 3))
        states = [keras.ops.ones_like(each) for each in layer.get_initial_state(2)]
        states = [keras.ops.zeros_like(inputs[:, 0, :1]) + each for each in states]
        return keras.Model(inputs, layer(inputs, initial_state=states)), INPUTS
    if kind == "masking":
        inputs = keras.Input((None, 3))
        masked = INPUTS.copy()
        masked[:, 2:] = 0.0
        return keras.Model(inputs, layer(keras.layers.Masking()(inputs))), masked
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 3, mask_zero=kind == "masked embedding")(inputs)
    return keras.Model(inputs, layer(embedded)), np.array([[1, 2, 0, 0], [3, 4, 5, 0]])


KINDS = ["masking", "embedding", "masked embedding", "two inputs", "named inputs", "states"]


@pytest.mark.parametrize("kind", KINDS)
def test_draws_a_memory_layer_behind_other_layers(tmp_path, monkeypatch, kind):
    drawn = []

    def draw(trace, **options):
        drawn.append((trace, options))
        plot_memory_use(trace, **options)

    monkeypatch.setattr(memory_pictures, "plot_memory_use", draw)
    model, inputs = model_and_inputs(kind)
    callback = MemoryPictures(inputs, tmp_path)
    callback.set_model(model)
    assert callback.draw(epoch=0).stat().st_size > 1000
    ((trace, options),) = drawn
    assert ("inputs" in options) is (kind in ("masking", "states"))
    outputs = keras.ops.convert_to_numpy(model(inputs))
    shown = keras.ops.convert_to_numpy(options["outputs"])
    np.testing.assert_array_equal(shown, outputs)
    found = keras.ops.convert_to_numpy(trace["output"])
    counts = np.ones((2, 4), "bool")
    if kind in ("masking", "masked embedding"):
        counts = np.array([[1, 1, 0, 0], [1, 1, kind != "masking", 0]], "bool")
        memory = keras.ops.convert_to_numpy(trace["memory"])
        np.testing.assert_array_equal(memory[0, 3], memory[0, 1])
        assert not found[~counts].any()
    np.testing.assert_allclose(found[counts], outputs[counts], atol=1e-6)


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`frequency` must be a positive integer"):
        MemoryPictures(INPUTS, tmp_path, frequency=0)
    callback = MemoryPictures(INPUTS, tmp_path)
    callback.set_model(keras.Sequential([keras.Input((4, 3)), keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"`model` must be a functional .* give `trace=`"):
        callback.on_train_begin()
