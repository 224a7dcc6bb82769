"""Models that describe images: steps, generated captions, alignments and losses."""

import keras
import numpy as np
import pytest

from keras_attn.applications import (
    AttributeDetector,
    SemanticAttentionCaptioner,
    ShowAndTell,
    ShowAttendTell,
)
from keras_attn.applications.image_captioner import ImageCaptioner
from keras_attn.datasets import TextTokenizer
from tests.backend import to_numpy
from tests.conformance.case import randomise
from tests.conformance.changes import varied
from tests.conformance.registry import MODELS
from tests.conformance.selection import by_id
from tests.oracles import caption_losses

SIZES = {"units": 6, "embedding_units": 5, "dropout": 0.0, "data_format": "channels_last"}
IMAGES = np.random.default_rng(0).uniform(size=(3, 16, 16, 3)).astype("float32")
# The first is dark above, the second red at the right, the third red below.
IMAGES[0, :8] = IMAGES[1, :, 8:, 1:] = 0.0
IMAGES[2, 8:, :, 0] = 1.0
INPUTS = {
    "image": IMAGES,
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


def hard(**changes):
    model = soft(mode="hard", seed=1, **changes)
    model.reinforce.total.assign(-3.0)
    model.reinforce.mass.assign(2.0)
    return model


def logits_of(model, inputs):
    outputs = model(inputs, training=False)
    return to_numpy(outputs["logits"] if isinstance(outputs, dict) else outputs)


@pytest.mark.parametrize("make", [soft, plain, semantic])
def test_a_greedy_search_takes_the_most_probable_words(make):
    model = varied(make())
    captions = model.generate(INPUTS["image"], max_length=5, batch_size=2)
    assert len(set(map(tuple, captions))) > 1
    for image, caption in zip(INPUTS["image"], captions, strict=True):
        inputs = {"image": image[None], "target": np.zeros((1, 5), "int32")}
        given = [1, *caption][:5]
        inputs["target"][0, : len(given)] = given
        found = logits_of(model, inputs)[0]
        found[:, :2] = -np.inf  # padding and start are suppressed
        written = [*caption, 2][:5]
        assert np.argmax(found, axis=-1)[: len(written)].tolist() == written


@by_id([case for case in MODELS if issubclass(case.application, ImageCaptioner)])
def test_steps_and_alignments_are_those_of_the_paper(case):
    model, arrays = case.model(), case.arrays()
    expected = case.oracle.forward(case.oracle.parameters(model), **arrays)["outputs"]
    *looks, logits = expected
    state, constants = model.encode(keras.ops.convert_to_tensor(arrays["image"]))
    for step, words in enumerate(arrays["target"].T):
        found, state, *weights = model.step(keras.ops.convert_to_tensor(words), state, constants)
        pairs = [(found, logits), *zip(weights, looks, strict=False)]
        for one, every in pairs:
            np.testing.assert_allclose(to_numpy(one)[words > 0], every[words > 0, step], atol=1e-5)
    if looks:
        captions = [row[row > 1].tolist() for row in arrays["target"]]
        for found, every, row in zip(
            model.align(arrays["image"], captions), looks[0], arrays["target"], strict=True
        ):
            words = np.count_nonzero(row)
            np.testing.assert_allclose(found.weights.reshape(words, -1), every[:words], atol=1e-5)


def test_weights_of_a_search_equal_those_of_given_captions():
    model = varied(soft())
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
    model = varied(semantic())
    probability = to_numpy(model.detector(INPUTS["image"]))
    names = np.array([4, 6, 8])[np.argsort(-probability, axis=-1)]
    assert len(set(map(tuple, names))) > 1
    captions, found = model.generate(INPUTS["image"], max_length=5, return_alignments=True)
    again = model.align(INPUTS["image"], captions)
    for row, alignment, same, caption in zip(names, found, again, captions, strict=True):
        assert alignment.source == row[:2].tolist()
        length = len(alignment.target)
        assert length >= len(caption)
        assert alignment.weights.shape == (length, 2)
        np.testing.assert_allclose(alignment.weights, same.weights[:length], atol=1e-5)


def test_a_detector_lists_the_most_probable_attributes_of_each_image():
    encoder = keras.layers.AveragePooling2D(4, data_format="channels_last")
    detector = AttributeDetector(
        (4, 4, 3), ["red", "green", "blue"], encoder=encoder, data_format="channels_last"
    )
    detector.scores.kernel.assign(np.eye(3, dtype="float32")[None, None])
    colors = np.float32([[0.1, 0.5, 0.9], [0.7, 0.2, 0.4], [0.3, 0.6, 0.2]])
    images = np.broadcast_to(colors[:, None, None], (3, 4, 4, 3))
    expected = [["blue", "green", "red"], ["red", "blue", "green"], ["green", "red", "blue"]]
    assert detector.detect(images, 3, batch_size=2) == expected
    assert detector.detect(images, 2) == [names[:2] for names in expected]


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
def test_the_detector_is_not_trained():
    model = semantic()
    before = [to_numpy(weight) for weight in model.detector.weights]
    model.compile(keras.optimizers.Adam(0.01), loss())
    model.fit(INPUTS, LABELS, verbose=0)
    after = [to_numpy(weight) for weight in model.detector.weights]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_captions_are_strings_with_a_tokenizer():
    tokenizer = TextTokenizer.train(["a red star", "a blue ring"], "word", 20)
    model = soft(tokenizer)
    captions, alignments = model.generate(INPUTS["image"], max_length=4, return_alignments=True)
    assert all(isinstance(caption, str) for caption in captions)
    assert set(alignments[0].target) <= {"a", "red", "star", "blue", "ring", "<unk>", "</s>"}
    (alignment,) = model.align(INPUTS["image"][:1], ["a red star"])
    assert alignment.target == ["a", "red", "star", "</s>"]


@pytest.mark.training
def test_the_terms_of_the_loss_are_metrics():
    model = soft(doubly_stochastic_weight=0.5)
    model.compile(loss=loss())
    outputs = {name: to_numpy(each) for name, each in model(INPUTS).items()}
    words = caption_losses.crossentropy(outputs["logits"], LABELS)
    penalty = caption_losses.doubly_stochastic(outputs["attention_weights"], LABELS, 0.5)
    found = model.evaluate(INPUTS, LABELS, batch_size=3, verbose=0, return_dict=True)
    expected = {"loss": words + penalty, "crossentropy": words, "attention_loss": penalty}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4)


def added_loss(model, found, labels):
    if isinstance(model, SemanticAttentionCaptioner):
        looks = found["input_weights"], found["attention_weights"]
        return caption_losses.sparsity(looks, labels, 1.0)
    if model.mode == "soft":
        return caption_losses.doubly_stochastic(found["attention_weights"], labels, 1.0)
    return caption_losses.reinforce({"Σb": -3.0, "Σ1": 2.0}, found, labels)[0]


@pytest.mark.training
@pytest.mark.parametrize("make", [soft, hard, semantic])
def test_words_are_weighted_and_captions_by_the_mean_of_their_words(make):
    model = make()
    model.compile(loss=loss())
    outputs = model(INPUTS, training=True)
    found = {name: to_numpy(each).astype("float64") for name, each in outputs.items()}
    likelihoods = caption_losses.log_likelihoods(found["logits"], LABELS)
    written = LABELS > 0
    for weights in (np.float32([2.0, 0.5, 0.0]), np.arange(12, dtype="float32").reshape(3, 4)):
        each = np.broadcast_to(weights.reshape(3, -1), LABELS.shape) * written
        total = -np.sum(each * likelihoods)
        for n in range(len(LABELS)):
            caption = {name: outputs[n : n + 1] for name, outputs in found.items()}
            total += each[n].sum() * added_loss(model, caption, LABELS[n : n + 1])
        result = to_numpy(model.compute_loss(INPUTS, LABELS, outputs, weights, training=False))
        np.testing.assert_allclose(result, total / written.sum(), rtol=1e-4)
    if make is hard:
        model.compute_loss(INPUTS, LABELS, outputs, weights, training=True)
        mean = np.sum(each * likelihoods) / each.sum()
        np.testing.assert_allclose(to_numpy(model.reinforce.total), -2.7 + 0.1 * mean, rtol=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("make", [soft, semantic])
def test_the_terms_of_the_loss_add_up_for_batches_of_unequal_sizes(make):
    model = make()
    model.compile(loss=loss())
    found = model.evaluate(INPUTS, LABELS, batch_size=2, verbose=0, return_dict=True)
    total = found["crossentropy"] + found["attention_loss"]
    np.testing.assert_allclose(found["loss"], total, rtol=1e-5)


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
    # The log-likelihood of a word is about that of one of nine equal probabilities.
    assert total / mass == pytest.approx(-np.log(9), abs=0.5)
    assert all(
        np.any(to_numpy(weight) != start)
        for weight, start in zip(attention.trainable_weights, before, strict=True)
    )
    weights = model.predict(INPUTS, verbose=0)["attention_weights"]
    assert set(np.unique(weights)) <= {0.0, 1.0}


def test_bad_arguments_are_refused():
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


def test_only_the_scores_are_trained_with_a_frozen_encoder():
    detector = AttributeDetector(
        (16, 16, 3), ["a"], train_encoder=False, data_format="channels_last"
    )
    assert detector.trainable_weights == detector.scores.weights
