import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import (
    AttentionDecoder,
    BahdanauAttention,
    CoverageAttention,
    HardAttention,
    LocalAttention,
    LuongAttention,
    MonotonicAttention,
)
from keras_attn.ops import coverage_loss
from tests.backend import BACKEND, to_numpy

GRU, LSTM = keras.layers.GRUCell, keras.layers.LSTMCell
MAKERS = {
    "bahdanau": lambda: AttentionDecoder(GRU(8), BahdanauAttention(7)),
    "luong": lambda: AttentionDecoder(
        [LSTM(8), LSTM(9)],
        LuongAttention(),
        attend="after",
        attentional_units=5,
        input_feeding=True,
    ),
    "coverage": lambda: AttentionDecoder(LSTM(8), CoverageAttention(7), attend="after"),
    "local": lambda: AttentionDecoder(GRU(8), LocalAttention(LuongAttention(), 1, "monotonic")),
    "monotonic": lambda: AttentionDecoder(
        [GRU(8), GRU(6)], MonotonicAttention(BahdanauAttention(7), sigmoid_noise=1.0)
    ),
    "hard": lambda: AttentionDecoder(GRU(8), HardAttention(BahdanauAttention(7, dropout=0.1))),
    "noisy": lambda: AttentionDecoder(
        [GRU(8, dropout=0.2, recurrent_dropout=0.3), LSTM(6, dropout=0.1)],
        MonotonicAttention(BahdanauAttention(7), sigmoid_noise=1.0, dropout=0.3),
    ),
}
every_decoder = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
MASKS = [
    np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]], "bool"),
    np.array([[1, 1, 1, 0, 0], [1] * 5, [0] * 5, [1] * 5], "bool"),
]


@pytest.fixture
def words(generator):
    return generator.normal(size=(4, 4, 3)).astype("float32")


@pytest.fixture
def memory(generator):
    return generator.normal(size=(4, 5, 6)).astype("float32")


@every_decoder
def test_step_by_step_is_at_once(make, words, memory):
    layer = make()
    outputs, contexts, weights, remembered, last = layer(
        [words, memory],
        mask=MASKS,
        return_contexts=True,
        return_attention_scores=True,
        return_attention_states=True,
        return_state=True,
    )
    assert len(remembered) == len(layer.attention.state_shapes(4, 5))
    prepared = layer.prepare(memory, MASKS[1])
    state = layer.get_initial_state(prepared)
    assert [tuple(each.shape) for each in state] == [tuple(each.shape) for each in last]
    for step in range(4):
        runs = MASKS[0][:, step, None]
        found, after = layer.step(words[:, step], state, prepared)
        for one, every in zip(found, (outputs, contexts, weights), strict=True):
            expected = np.where(runs, to_numpy(one), 0.0)
            np.testing.assert_allclose(to_numpy(every)[:, step], expected, atol=1e-5)
        state = [
            ops.convert_to_tensor(np.where(runs, to_numpy(new), to_numpy(old)))
            for new, old in zip(after, state, strict=True)
        ]
        for every, one in zip(remembered, state[len(state) - len(remembered) :], strict=True):
            np.testing.assert_allclose(to_numpy(every)[:, step], to_numpy(one), atol=1e-5)
    for one, other in zip(state, last, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)


@pytest.mark.training
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


def test_it_starts_where_the_encoder_ends(words, memory):
    encoded, *state = keras.layers.LSTM(8, return_sequences=True, return_state=True)(memory)
    layer = AttentionDecoder(LSTM(8), BahdanauAttention(7))
    outputs = to_numpy(layer([words, encoded], initial_state=state))
    assert not np.allclose(outputs, to_numpy(layer([words, encoded])))
    prepared = layer.prepare(encoded)
    (first, _, _), _ = layer.step(words[:, 0], layer.get_initial_state(prepared, state), prepared)
    np.testing.assert_allclose(to_numpy(first), outputs[:, 0], atol=1e-5)
    with pytest.raises(ValueError, match="`initial_state` must hold tensors of the widths"):
        layer([words, encoded], initial_state=state[0])


def test_masks_come_from_the_layers_before():
    source, target = (keras.Input((None,), dtype="int32") for _ in range(2))
    embed = keras.layers.Embedding(9, 6, mask_zero=True)
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7))
    outputs, weights = layer([embed(target), embed(source)], return_attention_scores=True)
    model = keras.Model([source, target], [outputs, weights])
    outputs, weights = map(
        to_numpy, model([np.array([[1, 2, 0]], "int32"), np.array([[3, 4, 0]], "int32")])
    )
    assert np.all(weights[:, :, 2] == 0.0)
    assert np.all(weights[:, 2] == 0.0)
    assert np.all(outputs[:, 2] == 0.0)
    np.testing.assert_allclose(weights[:, :2].sum(axis=-1), 1.0, atol=1e-5)


@pytest.mark.training
def test_dropout_masks_are_kept_over_the_steps_and_forgotten_after(memory):
    layer = AttentionDecoder(GRU(64, dropout=0.5), LuongAttention())
    same = np.ones((4, 3, 3), "float32")
    first = to_numpy(layer([same, memory], training=True))
    second = to_numpy(layer([same, memory], training=True))
    assert not np.allclose(first, second)
    np.testing.assert_allclose(to_numpy(layer([same, memory])), to_numpy(layer([same, memory])))


@pytest.mark.once
@pytest.mark.training
def test_it_learns_to_say_backwards_what_it_has_read(generator):
    """The words name the steps, the memory holds what is to be said: it has to look."""
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


def test_a_cell_that_is_none_is_refused():
    with pytest.raises(ValueError, match="`cell` must be a recurrent cell"):
        AttentionDecoder([GRU(3), "gru"], LuongAttention())


def test_a_stack_of_keras_attends_with_its_last_cell(words, memory):
    stack = keras.layers.StackedRNNCells([GRU(4), GRU(7)])
    layer = AttentionDecoder(stack, BahdanauAttention(3))
    assert tuple(layer([words, memory]).shape) == (4, 4, 7)
    assert layer.compute_output_shape([(4, 4, 3), (4, 5, 6)]) == (4, 4, 7)


@every_decoder
def test_a_sequence_goes_on_where_its_first_part_has_ended(make, words, memory):
    layer = make()
    whole = to_numpy(layer([words, memory]))
    first, state = layer([words[:, :2], memory], return_state=True)
    second = layer([words[:, 2:], memory], initial_state=state)
    found = np.concatenate([to_numpy(first), to_numpy(second)], axis=1)
    np.testing.assert_allclose(found, whole, atol=1e-5)
    with pytest.raises(ValueError, match="`initial_state` must hold tensors of the widths"):
        layer([words, memory], initial_state=[words[:, 0]])


def test_a_cell_that_knows_only_its_size(words, memory):
    class Plain(keras.layers.Layer):
        state_size = 4

        def call(self, inputs, states, training=None):
            state = 0.5 * states[0] + ops.sum(inputs, axis=-1, keepdims=True)
            return state, [state]

    layer = AttentionDecoder(Plain(), BahdanauAttention(3))
    assert tuple(layer([words, memory]).shape) == (4, 4, 4)


@pytest.mark.training
def test_dropout_masks_of_steps_end_with_their_sequence(words, memory):
    layer = AttentionDecoder(GRU(4, dropout=0.5), LuongAttention())
    layer([words, memory])
    for batch in (2, 3):
        prepared = layer.prepare(memory[:batch])
        state = layer.get_initial_state(prepared)
        (output, _, _), _ = layer.step(words[:batch, 0], state, prepared, training=True)
        assert tuple(output.shape) == (batch, 4)


@pytest.mark.training
@pytest.mark.parametrize("name", ["coverage", "local"])
def test_what_was_remembered_is_not_rounded(name, words, memory):
    attention = {
        "coverage": lambda: CoverageAttention(7),
        "local": lambda: LocalAttention(LuongAttention(), 1, "monotonic"),
    }[name]
    layer = AttentionDecoder(GRU(8), attention(), dtype="mixed_float16")
    _, state = layer([words, memory], return_state=True)
    assert [keras.backend.standardize_dtype(each.dtype) for each in state] == ["float16", "float32"]
    # Half precision has no 3001 and no 2.0007.
    start = 3001.0 if name == "local" else 2.0007
    state[1] = ops.zeros_like(state[1]) + start
    outputs, weights, after = layer(
        [words[:, :1], memory],
        initial_state=state,
        return_attention_scores=True,
        return_state=True,
    )
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    found = to_numpy(after[1])
    more = 1.0 if name == "local" else to_numpy(weights)[:, 0].astype("float32")
    np.testing.assert_allclose(found, np.broadcast_to(start + more, found.shape), atol=3e-4)


class Rewritten(keras.layers.Layer):
    """A feedback with weights of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)

    def build(self, *shapes):
        self.dense.build((None, 8))

    def call(self, output, context, inputs, chance):
        return self.dense(output)


@pytest.mark.training
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


@every_decoder
def test_no_steps_and_no_memory(make, words, memory):
    layer = make()
    layer([words, memory])
    outputs, weights, state = layer(
        [words[:, :0], memory], return_attention_scores=True, return_state=True
    )
    assert tuple(outputs.shape)[:2] == (4, 0)
    assert tuple(weights.shape) == (4, 0, 5)
    first = layer.get_initial_state(layer.prepare(memory))
    for one, other in zip(state, first, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
    outputs, contexts = layer([words, memory[:, :0]], return_contexts=True)
    assert np.all(np.isfinite(to_numpy(outputs)))
    np.testing.assert_array_equal(to_numpy(contexts), np.zeros((4, 4, 6)))


def test_masks_of_something_else_are_refused(words, memory):
    layer = AttentionDecoder(GRU(8), BahdanauAttention(7))
    for name, masks in (
        ("input_mask", [np.ones((4, 3), "bool"), None]),
        ("memory_mask", [None, np.ones((4, 4), "bool")]),
        ("memory_mask", [None, np.ones((3, 5), "bool")]),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be of shape"):
            layer([words, memory], mask=masks)
    with pytest.raises(ValueError, match="`prepare` needs a layer that was built"):
        AttentionDecoder(GRU(8), BahdanauAttention(7)).prepare(memory)


@pytest.mark.training
def test_coverage_adds_its_loss_over_all_steps(words, memory):
    layer = AttentionDecoder(GRU(8), CoverageAttention(7, loss_weight=3.0))
    _, weights = layer([words, memory], mask=[MASKS[0], None], return_attention_scores=True)
    (loss,) = layer.losses
    expected = 3.0 * to_numpy(coverage_loss(weights, MASKS[0])).mean()
    assert float(to_numpy(loss)) == pytest.approx(expected, rel=1e-5)
    alone = CoverageAttention(7, loss_weight=3.0)
    _, weights = alone([words, memory], mask=MASKS, return_attention_scores=True)
    expected = 3.0 * to_numpy(coverage_loss(weights, MASKS[0])).mean()
    assert float(to_numpy(alone.losses[0])) == pytest.approx(expected, rel=1e-5)
    alone([words[:, 0], memory], initial_state=alone.get_initial_state(4, 5))
    assert alone.losses == []
