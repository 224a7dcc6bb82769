"""`AttentionDecoder` in training: compiled `fit`, dropout, feedback and losses."""

import keras
import numpy as np
import pytest

from keras_attn import AttentionDecoder, BahdanauAttention, CoverageAttention, LuongAttention
from tests.backend import BACKEND, to_numpy
from tests.draws import recorded_draws
from tests.layers.decoders import GRU, MAKERS, MASKS
from tests.oracles.translation import coverage_loss

pytestmark = pytest.mark.training


@pytest.mark.parametrize("name", ["luong", "noisy"])
def test_trains_compiled_on_sequences_of_any_length(name, words, memory, tmp_path):
    inputs = [keras.Input((None, 3)), keras.Input((None, 6))]
    outputs = MAKERS[name]()(inputs)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mse", jit_compile=BACKEND != "torch")
    before = [to_numpy(weight) for weight in model.trainable_weights]
    for steps, values in ((4, 5), (2, 3))[: 2 if name == "luong" else 1]:
        target = np.ones((4, steps, outputs.shape[-1]), "float32")
        model.fit([words[:, :steps], memory[:, :values]], target, epochs=2, verbose=0)
    for old, new in zip(before, model.trainable_weights, strict=True):
        assert np.all(np.isfinite(to_numpy(new)))
        assert not np.array_equal(old, to_numpy(new)), new.path
    model.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    np.testing.assert_allclose(
        loaded.predict([words, memory], verbose=0),
        model.predict([words, memory], verbose=0),
        atol=1e-5,
    )


def test_dropout_masks_are_drawn_anew_for_every_sequence(memory):
    layer = AttentionDecoder(GRU(64, dropout=0.5), LuongAttention())
    same = np.ones((4, 3, 3), "float32")
    before = to_numpy(layer([same, memory]))
    first, second = (to_numpy(layer([same, memory], training=True)) for _ in range(2))
    assert not np.allclose(first, second)
    np.testing.assert_allclose(to_numpy(layer([same, memory])), before, atol=1e-6)


def test_dropout_masks_of_steps_end_with_their_sequence(words, memory):
    layer = AttentionDecoder(GRU(4, dropout=0.5), LuongAttention())
    layer([words, memory])
    for batch in (2, 3):
        prepared = layer.prepare(memory[:batch])
        state = layer.get_initial_state(prepared)
        with recorded_draws(layer) as draws:
            layer.step(words[:batch, 0], state, prepared, training=True)
        assert {len(mask) for masks in draws.values() for mask in masks} == {batch}


class Rewritten(keras.layers.Layer):
    """A feedback with weights of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)

    def build(self, *shapes):
        self.dense.build((None, 8))

    def call(self, output, context, inputs, chance):
        return self.dense(output)


def test_a_feedback_with_weights_is_built_with_the_decoder(words, memory):
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7), sample_fn=Rewritten())
    inputs = [keras.Input((None, 3)), keras.Input((None, 6))]
    model = keras.Model(inputs, layer(inputs))
    count = len(model.weights)
    assert any(weight is layer.sample_fn.dense.kernel for weight in model.weights)
    layer.sampling_probability.assign(1.0)
    model.compile("sgd", "mse", jit_compile=BACKEND != "torch")
    model.fit([words, memory], np.ones((4, 4, 8)), verbose=0)
    assert len(model.weights) == count


def mean_coverage_loss(weights, runs):
    """Mean over the examples; the loss of one without steps is 0."""
    pairs = zip(to_numpy(weights), runs, strict=True)
    return np.mean([coverage_loss(w[None], r[None]) if r.any() else 0.0 for w, r in pairs])


def test_coverage_adds_its_loss_over_all_steps(words, memory):
    layer = AttentionDecoder(GRU(8), CoverageAttention(7, loss_weight=3.0))
    _, weights = layer([words, memory], mask=[MASKS[0], None], return_attention_scores=True)
    (loss,) = layer.losses
    expected = 3.0 * mean_coverage_loss(weights, MASKS[0])
    assert float(to_numpy(loss)) == pytest.approx(expected, rel=1e-5)
    alone = CoverageAttention(7, loss_weight=3.0)
    _, weights = alone([words, memory], mask=MASKS, return_attention_scores=True)
    expected = 3.0 * mean_coverage_loss(weights, MASKS[0])
    assert float(to_numpy(alone.losses[0])) == pytest.approx(expected, rel=1e-5)
    alone([words[:, 0], memory], initial_state=alone.get_initial_state(4, 5))
    assert alone.losses == []


@pytest.mark.once
def test_it_learns_to_reverse_a_sequence(generator):
    """The inputs are the positions, the memory holds the symbols: only attention can learn it."""
    steps = np.tile(np.eye(5, dtype="float32"), (256, 1, 1))
    spoken = np.eye(6, dtype="float32")[generator.integers(0, 6, (256, 5))]
    memory = np.concatenate([spoken, steps], axis=-1)
    inputs = [keras.Input((5, 5)), keras.Input((5, 11))]
    outputs, weights = AttentionDecoder(GRU(32), BahdanauAttention(32), name="decoder")(
        inputs, return_attention_scores=True
    )
    model = keras.Model(inputs, keras.layers.Dense(6, activation="softmax")(outputs))
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit([steps, memory], spoken[:, ::-1], epochs=40, batch_size=64, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    looks = to_numpy(keras.Model(inputs, weights)([steps[:32], memory[:32]]))
    np.testing.assert_array_equal(looks.mean(axis=0).argmax(axis=-1), [4, 3, 2, 1, 0])
