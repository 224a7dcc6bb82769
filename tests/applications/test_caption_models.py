"""Captioners: one step at a time is all at once, what their losses are, and encoders by name."""

import keras
import numpy as np
import pytest

from keras_attn.applications import (
    AttributeDetector,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
)
from keras_attn.applications.coordinates import Coordinates
from keras_attn.applications.image_encoders import NAMED, image_encoder
from keras_attn.datasets import TextTokenizer
from tests.backend import to_numpy
from tests.conformance.case import randomise

SIZES = {"units": 6, "embedding_units": 5, "dropout": 0.0, "data_format": "channels_last"}
INPUTS = {
    "image": np.random.default_rng(0).uniform(size=(3, 16, 16, 3)).astype("float32"),
    "target": np.array([[1, 4, 5, 6], [1, 7, 0, 0], [1, 8, 8, 0]], "int32"),
}
LABELS = np.array([[4, 5, 6, 2], [7, 2, 0, 0], [8, 8, 2, 0]], "int32")


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)


def soft(vocabulary=9, **changes):
    return randomise(ShowAttendTell((16, 16, 3), vocabulary, **{**SIZES, **changes}))


def plain(vocabulary=9, **changes):
    return randomise(ShowAndTell((16, 16, 3), vocabulary, **{**SIZES, **changes}))


def semantic(vocabulary=9, attributes=(4, 6, 8), **changes):
    detector = AttributeDetector((16, 16, 3), attributes, data_format="channels_last")
    sizes = {"units": 6, "num_attributes": 2, "dropout": 0.0, **changes}
    return randomise(SemanticAttentionCaptioner(detector, vocabulary, **sizes))


def logits_of(model, inputs):
    outputs = model(inputs, training=False)
    return to_numpy(outputs["logits"] if isinstance(outputs, dict) else outputs)


@pytest.mark.parametrize("make", [soft, plain, semantic])
def test_what_is_written_is_the_likeliest_word_of_each_step(make):
    model = make()
    captions = model.generate(INPUTS["image"], max_length=5, batch_size=2)
    for image, caption in zip(INPUTS["image"], captions, strict=True):
        inputs = {"image": image[None], "target": np.zeros((1, 5), "int32")}
        given = [1, *caption][:5]
        inputs["target"][0, : len(given)] = given
        found = logits_of(model, inputs)[0]
        found[:, :2] = -np.inf  # padding and start are never written
        written = [*caption, 2][:5]
        assert np.argmax(found, axis=-1)[: len(written)].tolist() == written


def test_weights_of_a_search_are_those_of_the_whole():
    model = soft()
    captions, found = model.generate(INPUTS["image"], max_length=5, return_alignments=True)
    for again, alignment, caption in zip(
        model.align(INPUTS["image"], captions), found, captions, strict=True
    ):
        length = len(alignment.target)
        assert length in (len(caption), len(caption) + 1)
        assert alignment.weights.shape == (length, 4, 4)
        np.testing.assert_allclose(alignment.weights, again.weights[:length], atol=1e-5)
    np.testing.assert_array_equal(found[1].source, INPUTS["image"][1])


def test_attributes_are_the_most_probable_ones():
    model = semantic()
    probability = to_numpy(model.detector(INPUTS["image"]))
    names = np.array([4, 6, 8])[np.argsort(-probability, axis=-1)]
    captions, found = model.generate(INPUTS["image"], max_length=5, return_alignments=True)
    again = model.align(INPUTS["image"], captions)
    for row, alignment, same, caption in zip(names, found, again, captions, strict=True):
        assert alignment.source == row[:2].tolist()
        length = len(alignment.target)
        assert length >= len(caption)
        assert alignment.weights.shape == (length, 2)
        np.testing.assert_allclose(alignment.weights, same.weights[:length], atol=1e-5)
    assert model.detector.detect(INPUTS["image"], 3) == names.tolist()
    assert model.detector.detect(INPUTS["image"], 1) == names[:, :1].tolist()


def test_attributes_are_words_of_the_vocabulary():
    tokenizer = TextTokenizer.train(["a red star", "a blue ring"], "word", 20)
    model = semantic(tokenizer, attributes=["star", "blue"])
    (alignment,) = model.align(INPUTS["image"][:1], ["a red star"])
    assert set(alignment.source) == {"star", "blue"}
    assert alignment.target == ["a", "red", "star", "</s>"]
    for wrong in ("circle", "red star"):
        with pytest.raises(ValueError, match="`detector` must have attributes that are words"):
            semantic(tokenizer, attributes=["star", wrong])
    with pytest.raises(ValueError, match="`detector` must have attributes that are words"):
        semantic(7)


@pytest.mark.training
def test_the_detector_stays_as_it_is():
    model = semantic()
    before = [to_numpy(weight) for weight in model.detector.weights]
    model.compile(keras.optimizers.Adam(0.01), loss())
    model.fit(INPUTS, LABELS, verbose=0)
    after = [to_numpy(weight) for weight in model.detector.weights]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.training
def test_what_is_added_to_the_loss_is_the_sparsity_of_both_attentions():
    found = {}
    for weight in (0.0, 0.5):
        model = semantic(sparsity_weight=weight)
        model.compile(loss=loss())
        found[weight], *_ = model.evaluate(INPUTS, LABELS, batch_size=3, verbose=0)
    outputs = model(INPUTS)
    total = 0.0
    for name in ("input_weights", "attention_weights"):
        for caption, length in zip(to_numpy(outputs[name]), (4, 2, 3), strict=True):
            assert np.all(caption[length:] == 0.0)
            total += np.sqrt(np.sum(caption.sum(axis=0) ** 2))
            total += np.sum(np.sqrt(caption[:length]).sum(axis=-1) ** 2)
    # Three captions of three words in the mean.
    np.testing.assert_allclose(found[0.5] - found[0.0], 0.5 * total / 9, rtol=1e-4)


def test_texts_of_a_tokenizer():
    tokenizer = TextTokenizer.train(["a red star", "a blue ring"], "word", 20)
    model = soft(tokenizer)
    captions, alignments = model.generate(INPUTS["image"], max_length=4, return_alignments=True)
    assert all(isinstance(caption, str) for caption in captions)
    assert set(alignments[0].target) <= {"a", "red", "star", "blue", "ring", "<unk>", "</s>"}
    (alignment,) = model.align(INPUTS["image"][:1], ["a red star"])
    assert alignment.target == ["a", "red", "star", "</s>"]


@pytest.mark.training
def test_the_loss_of_the_soft_mode_is_that_of_the_words_and_the_penalty():
    model = soft(doubly_stochastic_weight=0.5)
    model.compile(loss=loss())
    outputs = {name: to_numpy(each) for name, each in model(INPUTS).items()}
    logits = outputs["logits"].astype("float64")
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    places = np.argwhere(LABELS > 0)
    words = -np.mean([logs[row, step, LABELS[row, step]] for row, step in places])
    seen = outputs["attention_weights"].sum(axis=1)
    assert np.all(outputs["attention_weights"][1, 2:] == 0.0)  # padded steps look nowhere
    penalty = 0.5 * np.mean(np.sum((1.0 - seen) ** 2, axis=-1))
    penalty = penalty / (len(places) / 3)
    found = model.evaluate(INPUTS, LABELS, batch_size=3, verbose=0, return_dict=True)
    expected = {"loss": words + penalty, "crossentropy": words, "attention_loss": penalty}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("make", [soft, semantic])
def test_the_terms_of_the_loss_add_up_for_batches_of_unequal_sizes(make):
    model = make()
    model.compile(loss=loss())
    found = model.evaluate(INPUTS, LABELS, batch_size=2, verbose=0, return_dict=True)
    total = found["crossentropy"] + found["attention_loss"]
    np.testing.assert_allclose(found["loss"], total, rtol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("to_go", [True, False])
def test_the_loss_of_the_hard_mode_is_that_of_the_words_and_of_the_draws(to_go):
    model = soft(mode="hard", expectation_rate=0.0, seed=1, reward_weight=0.5, reward_to_go=to_go)
    model.reinforce.total.assign(-3.0)
    model.reinforce.mass.assign(2.0)
    model.compile(loss=loss())
    outputs = model(INPUTS, training=True)
    found = to_numpy(model.compute_loss(INPUTS, LABELS, outputs, training=False))
    outputs = {name: to_numpy(each).astype("float64") for name, each in outputs.items()}
    logits, up_to = outputs["logits"], outputs["log_probability"]
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    places = np.argwhere(LABELS > 0)
    words = {(row, step): logs[row, step, LABELS[row, step]] for row, step in places}
    assert np.all(np.diff(up_to, axis=1)[0] < 0.0)
    assert np.all(up_to[1, 1:] == up_to[1, 1:2])  # nothing is drawn where nothing is written
    draws = -0.002 * outputs["entropy"].sum()
    for (row, step), word in words.items():
        # A baseline of -1.5 for a word.
        draws -= (0.5 * word + 1.5) * up_to[row, step if to_go else -1]
    expected = -np.mean(list(words.values())) + draws / len(places)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.training
def test_what_passes_straight_through_needs_no_reward():
    model = soft(mode="hard", estimator="straight_through", entropy_weight=0.5, seed=1)
    model.reinforce.total.assign(-3.0)
    model.reinforce.mass.assign(2.0)
    model.compile(loss=loss())
    outputs = model(INPUTS, training=True)
    found = to_numpy(model.compute_loss(INPUTS, LABELS, outputs, training=True))
    assert float(to_numpy(model.reinforce.mass)) == 2.0
    words = to_numpy(loss()(LABELS, outputs["logits"]))
    entropy = to_numpy(outputs["entropy"]).sum() / np.sum(LABELS > 0)
    np.testing.assert_allclose(found, words - 0.5 * entropy, rtol=1e-4)


@pytest.mark.training
def test_the_hard_mode_learns_straight_through():
    model = soft(mode="hard", estimator="straight_through", expectation_rate=0.0, seed=1)
    attention = model.decoder.attention
    before = [to_numpy(weight) for weight in attention.trainable_weights]
    model.compile(keras.optimizers.Adam(0.01), loss())
    history = model.fit(INPUTS, LABELS, epochs=8, batch_size=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert all(
        np.any(to_numpy(weight) != start)
        for weight, start in zip(attention.trainable_weights, before, strict=True)
    )


@pytest.mark.training
def test_the_hard_mode_moves_its_baseline_and_its_attention():
    model = soft(mode="hard", expectation_rate=0.0, seed=1)
    for weight in (model.reinforce.total, model.reinforce.mass):
        weight.assign(0.0)  # as it starts
    attention = model.decoder.attention
    before = [to_numpy(weight) for weight in attention.trainable_weights]
    model.compile(keras.optimizers.Adam(0.01), loss())
    model.fit(INPUTS, LABELS, epochs=4, batch_size=3, verbose=0)
    total, mass = (float(to_numpy(each)) for each in (model.reinforce.total, model.reinforce.mass))
    np.testing.assert_allclose(mass, 1 - 0.9**4, rtol=1e-4)
    # A word has a log-likelihood of a few nats below zero.
    assert -10.0 < total / mass < -1.0
    assert all(
        np.any(to_numpy(weight) != start)
        for weight, start in zip(attention.trainable_weights, before, strict=True)
    )
    weights = model.predict(INPUTS, verbose=0)["attention_weights"]
    assert set(np.unique(weights)) <= {0.0, 1.0}


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_places_are_told_where_they_are(data_format):
    found = to_numpy(Coordinates(data_format)(np.full((2, 3, 4, 5), 7.0, "float32")))
    channels = -1 if data_format == "channels_last" else 1
    down, across = np.moveaxis(found, channels, 0)[-2:]
    rows, columns = down.shape[1:]
    for row, column in np.ndindex(rows, columns):
        np.testing.assert_allclose(down[:, row, column], 2 * row / (rows - 1) - 1, atol=1e-6)
        np.testing.assert_allclose(
            across[:, row, column], 2 * column / (columns - 1) - 1, atol=1e-6
        )
    assert np.all(np.moveaxis(found, channels, 0)[:-2] == 7.0)


@pytest.mark.training
def test_the_network_of_the_paper_by_name():
    model = ShowAttendTell((32, 32, 3), 9, encoder="vgg16", **SIZES)
    assert model.features(np.zeros((1, 32, 32, 3), "float32")).shape == (1, 2, 2, 512)
    inputs = {**INPUTS, "image": np.ones((3, 32, 32, 3), "float32")}
    model.compile("sgd", loss())
    model.train_on_batch(inputs, LABELS)


def test_weights_by_name_are_asked_of_keras(monkeypatch):
    asked = {}

    def network(**arguments):
        asked.update(arguments)
        return keras.applications.VGG16(**{**arguments, "weights": None})

    monkeypatch.setitem(NAMED, "vgg16", (network, "block5_conv3"))
    model = ShowAttendTell((32, 32, 3), 9, encoder="vgg16", encoder_weights="imagenet", **SIZES)
    assert asked == {"include_top": False, "weights": "imagenet", "input_shape": (32, 32, 3)}
    # What is loaded is not trained, and a copy from the config does not load it again.
    assert not any("block" in weight.path for weight in model.trainable_weights)
    assert model.get_config()["encoder_weights"] is None
    again = ShowAttendTell.from_config(model.get_config())
    assert not any("block" in weight.path for weight in again.trainable_weights)
    again.features.trainable = True
    assert ShowAttendTell.from_config(again.get_config()).features.trainable


def test_the_network_of_the_paper_sees_either_data_format():
    maps = {}
    for data_format in ("channels_last", "channels_first"):
        image = np.random.default_rng(0).uniform(size=(1, 32, 48, 3)).astype("float32")
        image = image if data_format == "channels_last" else np.moveaxis(image, -1, 1)
        keras.utils.set_random_seed(0)
        encoder = image_encoder("vgg16", image.shape[1:], None, data_format, None)
        maps[data_format] = to_numpy(encoder(image))
    assert maps["channels_first"].shape == (1, 512, 2, 3)
    np.testing.assert_allclose(
        np.moveaxis(maps["channels_first"], 1, -1), maps["channels_last"], rtol=1e-4, atol=1e-4
    )


def test_an_encoder_of_ones_own():
    encoder = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 4, strides=4, name="eyes")]
    )
    model = soft(encoder=encoder)
    assert model.generate(INPUTS["image"][:1], max_length=2)
    again = ShowAttendTell.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(logits_of(again, INPUTS), logits_of(model, INPUTS), atol=1e-5)
    flat = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="`encoder` must give feature maps"):
        soft(encoder=flat)


@pytest.mark.parametrize("kind", [ShowAttendTell, ShowAndTell, AttributeDetector])
def test_frozen_layers_of_an_encoder_stay_frozen(kind, tmp_path):
    def model(**options):
        layers = [keras.layers.Conv2D(2, 4, strides=4), keras.layers.Conv2D(2, 1)]
        layers[0].trainable = False
        encoder = keras.Sequential([keras.Input((8, 8, 3)), *layers])
        sizes = {} if kind is AttributeDetector else {"units": 3, "embedding_units": 2}
        words = ["a"] if kind is AttributeDetector else 9
        options = {**sizes, "data_format": "channels_last", **options}
        return kind((8, 8, 3), words, encoder=encoder, **options)

    model().save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model(), kind.from_config(model().get_config()), loaded):
        assert [layer.trainable for layer in each.features.layers] == [False, True]
    for value in (False, True):
        features = model(train_encoder=value).features
        assert {layer.trainable for layer in features.layers} == {value}


def test_what_is_refused():
    model = soft()
    with pytest.raises(ValueError, match="`images` must be of shape"):
        model.generate(np.zeros((1, 8, 16, 3)))
    with pytest.raises(ValueError, match="`captions` must lie below the vocabulary"):
        model.align(INPUTS["image"][:1], [[40]])
    with pytest.raises(ValueError, match="must be equally many"):
        model.align(INPUTS["image"], [[4]])
    with pytest.raises(ValueError, match="`return_alignments` needs a model with attention"):
        plain().generate(INPUTS["image"], return_alignments=True)
    with pytest.raises(ValueError, match="`align` needs a model with attention"):
        plain().align(INPUTS["image"], [[4]] * 3)


def test_trainable_false_freezes_all_sublayers():
    detector = AttributeDetector((16, 16, 3), ["a"], data_format="channels_last", trainable=False)
    assert not any(layer.trainable for layer in detector.layers)
    detector.trainable = True
    assert detector.trainable_weights
    frozen = AttributeDetector((16, 16, 3), ["a"], train_encoder=False, data_format="channels_last")
    assert frozen.trainable_weights == frozen.scores.weights
