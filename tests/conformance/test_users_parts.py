"""Custom layers: subclassed models without `build` or `compute_output_shape` as sublayers."""

import keras
import numpy as np
import pytest

from keras_attn import (
    NTM,
    AlignmentAttention,
    AttentionDecoder,
    BahdanauAttention,
    DNCCell,
    MANNCell,
    MemoryRNN,
    NTMCell,
    SpatialTransformer,
)
from keras_attn.applications import (
    AttributeDetector,
    CoLocalizer,
    LuongTranslator,
    RNNSearch,
    ShowAndTell,
    ShowAttendTell,
)
from keras_attn.ops import dot_scores
from tests.backend import BACKEND, inferred, to_numpy

# On TensorFlow, tracing a step takes longer than running it.
EAGER = {"run_eagerly": BACKEND == "tensorflow"}
IMAGES = np.random.default_rng(3).uniform(size=(2, 8, 8, 1)).astype("float32")
SEQUENCES = np.random.default_rng(4).normal(size=(2, 3, 2)).astype("float32")
MEMORY = np.random.default_rng(5).normal(size=(2, 4, 6)).astype("float32")
TOKENS = np.array([[1, 4, 5], [1, 6, 2]], "int32")


@keras.saving.register_keras_serializable(package="tests")
class Vectors(keras.Model):
    """Model from any inputs to vectors, without `compute_output_shape`."""

    def __init__(self, units=5, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(units, "tanh")

    def call(self, x):
        return self.dense(self.flatten(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="tests")
class Maps(keras.Model):
    """Model from images to feature maps."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.convolution = keras.layers.Conv2D(4, 3, strides=2, data_format="channels_last")

    def call(self, x):
        return self.convolution(x)


@keras.saving.register_keras_serializable(package="tests")
class Cell(keras.Layer):
    """Recurrent cell whose sublayers are built by the first call."""

    def __init__(self, units=5, output_units=None, **kwargs):
        super().__init__(**kwargs)
        self.state_size, self.output_units = units, output_units
        self.dense = keras.layers.Dense(units, "tanh")
        self.output_dense = output_units and keras.layers.Dense(output_units)

    def call(self, inputs, states):
        state = self.dense(keras.ops.concatenate([inputs, states[0]], axis=-1))
        return (self.output_dense(state) if self.output_dense else state), [state]

    def get_config(self):
        more = {"units": self.state_size, "output_units": self.output_units}
        return {**super().get_config(), **more}


@keras.saving.register_keras_serializable(package="tests")
class BilinearAttention(AlignmentAttention):
    """Alignment layer with a score of its own."""

    def build_score(self, query_shape, key_shape):
        self.query_projection = self.projection(key_shape[-1], "query_projection")
        self.query_projection.build(query_shape)

    def score(self, query, keys):
        return dot_scores(self.query_projection(query), keys)


@keras.saving.register_keras_serializable(package="tests")
class CustomCell(NTMCell):
    """Memory cell with another activation of the keys."""

    activations = NTMCell.activations | {"key": keras.ops.sigmoid}


class Broken(keras.Model):
    def call(self, x):
        raise RuntimeError("no such thing")


def model_around(layer, *arrays):
    """Returns a functional model around a layer."""
    inputs = [keras.Input(array.shape[1:]) for array in arrays]
    return keras.Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))


def decoder(cell):
    return AttentionDecoder(cell, BahdanauAttention(4))


PICTURE = {"image_shape": (8, 8, 1), "data_format": "channels_last"}
CAPTIONS = {**PICTURE, "target_vocabulary": 9, "units": 4, "embedding_units": 3}
CAPTION_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
WITH_TOKENS = {"image": IMAGES, "target": TOKENS}
# Place → name of the argument, function from the part to the model, class of the part, inputs.
PLACES = {
    "SpatialTransformer": (
        "localization",
        lambda part: model_around(SpatialTransformer(part, data_format="channels_last"), IMAGES),
        Vectors,
        IMAGES,
    ),
    "NTMCell": (
        "controller",
        lambda part: model_around(NTM(NTMCell(5, 6, 4, controller=part)), SEQUENCES),
        Vectors,
        SEQUENCES,
    ),
    "NTMCell-recurrent": (
        "controller",
        lambda part: model_around(NTM(NTMCell(5, 6, 4, controller=part)), SEQUENCES),
        Cell,
        SEQUENCES,
    ),
    "DNCCell": (
        "controller",
        lambda part: model_around(MemoryRNN(DNCCell(5, 6, 4, controller=part)), SEQUENCES),
        Vectors,
        SEQUENCES,
    ),
    "MANNCell": (
        "controller",
        lambda part: model_around(MemoryRNN(MANNCell(5, 6, 4, controller=part)), SEQUENCES),
        Cell,
        SEQUENCES,
    ),
    "AttentionDecoder": (
        "cell",
        lambda part: model_around(decoder(part), SEQUENCES, MEMORY),
        Cell,
        [SEQUENCES, MEMORY],
    ),
    "AttentionDecoder-stack": (
        "cell",
        lambda part: model_around(decoder([keras.layers.GRUCell(4), part]), SEQUENCES, MEMORY),
        Cell,
        [SEQUENCES, MEMORY],
    ),
    "AttentionDecoder-attention": (
        "attention",
        lambda part: model_around(
            AttentionDecoder(keras.layers.GRUCell(4), part), SEQUENCES, MEMORY
        ),
        BilinearAttention,
        [SEQUENCES, MEMORY],
    ),
    "RNNSearch": (
        "attention",
        lambda part: RNNSearch(9, 9, units=4, embedding_units=3, attention=part),
        BilinearAttention,
        {"source": TOKENS, "target": TOKENS},
    ),
    "LuongTranslator": (
        "attention",
        lambda part: LuongTranslator(9, 9, 4, 3, num_layers=1, attention=part),
        BilinearAttention,
        {"source": TOKENS, "target": TOKENS},
    ),
    "NTM": (
        "cell",
        lambda part: model_around(NTM(part), SEQUENCES),
        lambda: CustomCell(5, 6, 4),
        SEQUENCES,
    ),
    "CoLocalizer": ("encoder", lambda part: CoLocalizer(encoder=part, **PICTURE), Vectors, IMAGES),
    "ShowAttendTell": (
        "encoder",
        lambda part: ShowAttendTell(encoder=part, **CAPTIONS),
        Maps,
        WITH_TOKENS,
    ),
    "ShowAndTell": (
        "encoder",
        lambda part: ShowAndTell(encoder=part, **CAPTIONS),
        Maps,
        WITH_TOKENS,
    ),
    "AttributeDetector": (
        "encoder",
        lambda part: AttributeDetector(attributes=["a", "b"], encoder=part, **PICTURE),
        Maps,
        IMAGES,
    ),
}


@pytest.mark.training
@pytest.mark.parametrize("place", PLACES)
def test_subclassed_parts_train_and_are_saved(place, tmp_path):
    _, make, part, inputs = PLACES[place]
    layer = part()
    model = make(layer)
    weights = layer.trainable_weights or layer.weights
    before = list(map(to_numpy, weights))
    assert before
    count = len(model.trainable_weights)
    is_frozen = isinstance(model, CoLocalizer)  # the loss uses the encoder as it is
    if is_frozen:
        model.compile("sgd", **EAGER)
        model.fit(inputs, verbose=0)
    else:
        targets = model(inputs)
        targets = targets["logits"] if isinstance(targets, dict) else targets
        is_text = isinstance(inputs, dict) and targets.ndim == 3
        labels = TOKENS if is_text else np.zeros(targets.shape)
        loss = CAPTION_LOSS if labels is TOKENS else "mse"
        model.compile(keras.optimizers.Adam(0.01), loss=loss, **EAGER)
        # In the first step the zeros of a spatial transformer's last layer hide the others.
        model.fit(inputs, labels, epochs=2, verbose=0)
    moved = [not np.array_equal(a, to_numpy(b)) for a, b in zip(before, weights, strict=True)]
    assert not any(moved) if is_frozen else all(moved)
    trained = inferred(model, inputs)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for a, b in zip(inferred(again, inputs), trained, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert len(again.trainable_weights) == len(model.trainable_weights) == count


@pytest.mark.parametrize("place", ["SpatialTransformer", "NTMCell", "CoLocalizer"])
def test_a_part_that_raises_is_reported(place):
    argument, make, *_ = PLACES[place]
    with pytest.raises(ValueError, match=f"`{argument}` must be a layer that can be called"):
        make(Broken())


@pytest.mark.parametrize("wrap", [lambda layer: layer, lambda layer: [layer]], ids=["one", "list"])
@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.LSTM(4),
        keras.layers.GRU(4),
        keras.layers.SimpleRNN(4),
        keras.layers.RNN(keras.layers.LSTMCell(4)),
        keras.layers.Bidirectional(keras.layers.LSTM(4)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_recurrent_layer_as_a_cell_is_refused(layer, wrap):
    with pytest.raises(ValueError, match=r"`cell` must be .* `keras\.layers\.LSTMCell\(units\)`"):
        decoder(wrap(layer))


@pytest.mark.parametrize("place", ["NTMCell-recurrent", "AttentionDecoder"])
def test_a_cell_with_another_output_width_is_refused(place):
    argument, make, *_ = PLACES[place]
    with pytest.raises(ValueError, match=f"`{argument}` must have outputs as wide as its first"):
        make(Cell(output_units=7))
