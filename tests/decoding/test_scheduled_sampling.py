"""Scheduled sampling: the decoder takes its own tokens as inputs with a scheduled probability."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import AttentionDecoder, BahdanauAttention
from keras_attn.applications import LuongTranslator, RNNSearch
from keras_attn.decoding import ScheduledSampling
from keras_attn.layers.feedback import draw_token
from tests.backend import BACKEND, to_numpy
from tests.draws import recorded_draws
from tests.moments import check_frequencies


def echo(output, context, inputs, chance):
    """Returns inputs that depend on all arguments of a `sample_fn`."""
    return output[:, :3] + 0.1 * context[:, :3] + 0.01 * inputs + chance[:, None]


@pytest.fixture
def inputs(generator):
    return [generator.normal(size=shape).astype("float32") for shape in ((4, 5, 3), (4, 6, 7))]


def made(probability, sample_fn=echo):
    layer = AttentionDecoder(
        keras.layers.GRUCell(8), BahdanauAttention(7), sample_fn=sample_fn, seed=1
    )
    layer.build([(4, 5, 3), (4, 6, 7)])
    layer.sampling_probability.assign(probability)
    return layer


def by_steps(layer, words, memory, own, chances):
    """Computes outputs and inputs by a loop over the steps.

    Args:
        layer, words, memory: the decoder and its inputs.
        own: boolean `(batch, steps)`, True where a step takes the sample of the step before.
        chances: `(batch, steps)`, random numbers of the samples.
    """
    prepared = layer.prepare(memory)
    state, outputs, inputs, fed = layer.get_initial_state(prepared), [], [], 0.0 * words[:, 0]
    for step in range(words.shape[1]):
        inputs.append(np.where(own[:, step, None], fed, words[:, step]))
        seen = ops.convert_to_tensor(inputs[-1])
        (output, context, _), state = layer.step(seen, state, prepared)
        fed = to_numpy(echo(output, context, seen, ops.convert_to_tensor(chances[:, step])))
        outputs.append(to_numpy(output))
    return np.stack(outputs, axis=1), np.stack(inputs, axis=1)


@pytest.mark.parametrize("probability", [0.0, 0.4, 1.0])
def test_a_step_takes_its_own_word_where_its_number_is_below_the_probability(probability, inputs):
    layer = made(probability)
    with recorded_draws(layer) as draws:
        found = layer(inputs, training=True, return_inputs=True, return_state=True)
    ((coins, chances),) = draws[""]
    own = coins < probability
    assert probability in (0.0, 1.0) or 0.0 < np.mean(own[:, 1:]) < 1.0
    own[:, 0] = False  # nothing is before the first step
    expected = by_steps(layer, *inputs, own, chances)
    for output, wanted in zip(found[:2], expected, strict=True):
        np.testing.assert_allclose(to_numpy(output), wanted, atol=1e-5)
    assert len(found[2]) == 1  # the same state as without feedback


def test_only_in_training(inputs):
    layer = made(1.0)
    never = np.zeros((4, 5), "bool")
    expected, _ = by_steps(layer, *inputs, never, np.zeros((4, 5), "float32"))
    np.testing.assert_allclose(to_numpy(layer(inputs)), expected, atol=1e-5)


def test_samples_replace_inputs_with_the_probability_anew_in_each_call():
    words = np.ones((500, 3, 1), "float32")
    memory = np.ones((500, 2, 4), "float32")
    layer = AttentionDecoder(
        keras.layers.SimpleRNNCell(1, activation="linear", kernel_initializer="ones",
                                   recurrent_initializer="zeros"),
        BahdanauAttention(2),
        attend="after",
        sample_fn=lambda output, context, inputs, chance: 0.0 * inputs - 1.0,
        seed=3,
    )  # fmt: skip
    layer.build([(500, 3, 1), (500, 2, 4)])
    layer.sampling_probability.assign(0.25)
    layer.attentional.kernel.assign([[0.0]] * 4 + [[1.0]])
    first, second = (to_numpy(layer([words, memory], training=True))[..., 0] for _ in range(2))
    assert np.all(first[:, 0] > 0)
    sampled = np.sum(first[:, 1:] < 0)
    check_frequencies([sampled, first[:, 1:].size - sampled], [0.25, 0.75])
    assert not np.array_equal(first, second)


def test_tokens_are_drawn_by_their_probability():
    logits = ops.log(np.array([[0.2, 0.5, 0.3]] * 5, "float32"))
    chance = np.array([0.0, 0.19, 0.21, 0.69, 0.9999999], "float32")
    assert to_numpy(draw_token(logits, ops.convert_to_tensor(chance))).tolist() == [0, 0, 1, 1, 2]


def test_tokens_without_probability_are_never_drawn():
    never = -np.inf
    logits = ops.convert_to_tensor(np.array([[never, 0.0, never, 0.0, never]] * 5, "float32"))
    below = np.nextafter(np.float32(1.0), np.float32(0.0))
    # At one half exactly the first token of that mass is passed.
    chance = ops.convert_to_tensor(np.array([0.0, 0.49, 0.5, 0.51, below], "float32"))
    assert to_numpy(draw_token(logits, chance)).tolist() == [1, 1, 3, 3, 3]


@pytest.mark.parametrize("kind", ["rnn_search", "luong"])
def test_the_read_out_takes_the_inputs_of_the_decoder(kind):
    model = translator(kind)

    def difference(probability):
        """Returns the largest difference between the logits of two targets with equal starts."""
        model.decoder.sampling_probability.assign(probability)
        found = []
        for target in ([1, 4, 5, 6], [1, 7, 8, 3]):
            model.decoder.draws.state.assign([3, 0])
            inputs = {"source": np.array([[5, 6, 2]]), "target": np.array([target])}
            found.append(to_numpy(model(inputs, training=True)))
        return np.abs(found[0] - found[1]).max()

    assert difference(0.0) > 1e-3
    # Only the start token of the targets is used.
    assert difference(1.0) < 1e-6


def translator(kind="rnn_search"):
    arguments = {"units": 6, "embedding_units": 5, "dropout": 0.0, "scheduled_sampling": True}
    if kind == "luong":
        return LuongTranslator(10, 9, num_layers=2, **arguments)
    return RNNSearch(10, 9, maxout_units=4, **arguments)


def test_no_steps_have_no_outputs(inputs):
    words, memory = inputs
    outputs, state = made(1.0)([words[:, :0], memory], training=True, return_state=True)
    assert tuple(outputs.shape) == (4, 0, 8)
    np.testing.assert_array_equal(to_numpy(state[0]), np.zeros((4, 8)))


def test_a_schedule_is_for_all_decoders_of_a_model():
    decoders = [made(0.0), made(0.0)]
    words, memory = keras.Input((5, 3)), keras.Input((6, 7))
    model = keras.Model([words, memory], [decoder([words, memory]) for decoder in decoders])
    schedule = ScheduledSampling(lambda epoch: 0.25 * epoch)
    schedule.set_model(model)
    schedule.on_train_begin()
    schedule.on_epoch_begin(3)
    assert [float(to_numpy(decoder.sampling_probability)) for decoder in decoders] == [0.75] * 2


def test_decoders_without_feedback_have_no_schedule():
    fed = made(0.0)
    plain = AttentionDecoder(keras.layers.GRUCell(8), BahdanauAttention(7))
    words, memory = keras.Input((5, 3)), keras.Input((6, 7))
    model = keras.Model([words, memory], [each([words, memory]) for each in (plain, fed)])
    schedule = ScheduledSampling(lambda epoch: 1.0)
    schedule.set_model(model)
    schedule.on_train_begin()
    schedule.on_epoch_begin(0)
    assert float(to_numpy(fed.sampling_probability)) == 1.0
    for probability in (-0.1, 1.01, float("nan")):
        schedule.schedule = lambda epoch, probability=probability: probability
        with pytest.raises(ValueError, match="`schedule` must give numbers"):
            schedule.on_epoch_begin(3)
    assert float(to_numpy(fed.sampling_probability)) == 1.0


@pytest.mark.training
@pytest.mark.parametrize("kind", ["rnn_search", "luong"])
def test_a_translator_is_trained_by_a_schedule(kind, generator, tmp_path):
    model = translator(kind)
    data = {
        "source": generator.integers(4, 10, (8, 5)),
        "target": generator.integers(4, 9, (8, 6)),
    }
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0),
        jit_compile=BACKEND != "torch",
    )
    labels, used = generator.integers(4, 9, (8, 6)), []

    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            used.append(float(ops.convert_to_numpy(model.decoder.sampling_probability)))
            assert np.isfinite(logs["loss"])

    schedule = ScheduledSampling(lambda epoch: epoch / 2)
    model.fit(data, labels, epochs=3, verbose=0, callbacks=[schedule, Record()])
    assert used == [0.0, 0.5, 1.0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(to_numpy(again(data)), to_numpy(model(data)), atol=1e-5)
    assert float(ops.convert_to_numpy(again.decoder.sampling_probability)) == 1.0


@pytest.mark.training
def test_bad_models_schedules_and_functions_are_refused():
    data = {"source": np.ones((2, 3), "int32"), "target": np.ones((2, 3), "int32")}
    plain = RNNSearch(10, 9, units=6, embedding_units=5, maxout_units=4)
    for model, schedule, message in (
        (plain, lambda epoch: 0.0, "needs a model with a decoder that has `sample_fn`"),
        (translator(), lambda epoch: 1.5, r"`schedule` must give numbers in \[0, 1\].*1\.5"),
    ):
        model.compile("adam", "mse")
        with pytest.raises(ValueError, match=message):
            model.fit(data, np.ones((2, 3, 9)), verbose=0, callbacks=[ScheduledSampling(schedule)])
    with pytest.raises(ValueError, match="`sample_fn` must be a layer or a function"):
        made(0.0, sample_fn=3)
