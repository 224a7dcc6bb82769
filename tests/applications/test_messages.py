"""Error messages for losses of probabilities and for unscaled images."""

import functools

import keras
import numpy as np
import pytest

from keras_attn import NTMCell
from keras_attn.applications import (
    AttributeDetector,
    Autoencoder,
    DRAWClassifier,
    NeuralTuringMachine,
    RNNSearch,
    SemanticAttentionCaptioner,
    ShowAttendTell,
    SpatialTransformerClassifier,
)

LAST = {"data_format": "channels_last"}


def classifier(cls=SpatialTransformerClassifier):
    options = {"filters": (2, 2), "units": 4} if cls is SpatialTransformerClassifier else {}
    if cls is DRAWClassifier:
        options = {"steps": 2, "units": 4, "read_size": 3}
    return cls((24, 24, 1), 3, **options, **LAST)


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        keras.losses.sparse_categorical_crossentropy,
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        keras.losses.BinaryFocalCrossentropy(),
        ["sparse_categorical_crossentropy"],
        {"logits": "sparse_categorical_crossentropy"},
    ],
)
def test_models_of_logits_refuse_losses_of_probabilities(loss):
    with pytest.raises(ValueError, match=r"`loss` must take logits.*from_logits=True.*Received"):
        classifier().compile("sgd", loss)
    machine = NeuralTuringMachine(3, 2, NTMCell(4, 5, 3))
    with pytest.raises(ValueError, match="`loss` must take logits"):
        machine.compile("sgd", loss=loss)


@pytest.mark.parametrize(
    "loss",
    [
        None,
        "mse",
        "categorical_hinge",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True),
        lambda y_true, y_pred: keras.ops.mean(y_pred),
        {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    ],
)
def test_other_losses_are_accepted(loss):
    model = classifier()
    model.compile("sgd", loss)
    assert model.loss == loss


def test_models_of_probabilities_accept_losses_of_probabilities():
    models = AttributeDetector((16, 16, 3), ["a", "b"], **LAST), Autoencoder((4, 4), (3,), 2)
    for model in models:
        model.compile("sgd", "binary_crossentropy")
        assert model.loss == "binary_crossentropy"


def mean_output(y_true, y_pred):
    return keras.ops.mean(y_pred)


@pytest.mark.training
@pytest.mark.parametrize("kind", ["classifier", "translator", "captioner", "autoencoder"])
def test_outputs_are_named_in_losses_and_metrics(kind):
    source, target = np.array([[4, 5, 2]]), np.array([[1, 4]])
    image = np.random.default_rng(0).random((1, 24, 24, 1))
    labels, name = np.array([[4, 2]]), "logits"
    if kind == "classifier":
        model, x, labels = classifier(), image, np.array([2])
    elif kind == "translator":
        model, x = RNNSearch(9, 9, 4, 3), {"source": source, "target": target}
    elif kind == "captioner":
        model = ShowAttendTell((24, 24, 1), 9, units=4, embedding_units=3, **LAST)
        x = {"image": image, "target": target}
    else:
        model, x, labels, name = Autoencoder((24, 24, 1), (3,), 2), image, image, "reconstruction"
    loss = "mse"
    if name == "logits":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found, mean = [], keras.metrics.MeanMetricWrapper(mean_output, name="m")
    for given in (loss, {name: loss}):
        model.compile("sgd", given, metrics={name: [mean]})
        found.append(model.evaluate(x, labels, verbose=0, return_dict=True))
    extra = {"crossentropy", "attention_loss"} if kind == "captioner" else set()
    assert found[0].keys() == found[1].keys() == {"loss", "m", *extra}
    np.testing.assert_allclose(found[0]["loss"], found[1]["loss"], rtol=1e-3)
    model.compile("sgd", {"other": "mse"})
    with pytest.raises(ValueError, match=rf"\['{name}'\].*\['other'\]"):
        model.evaluate(x, labels, verbose=0)


class Batches(keras.utils.PyDataset):
    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.images, np.zeros(len(self.images), "int32")


PIXELS = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 1))
UNSCALED = [PIXELS.astype("uint8"), PIXELS.astype("int64"), PIXELS.astype("float32")]
# Standardized images count as scaled.
SCALED = [PIXELS / 255.0, (PIXELS - 128.0) / 64.0, PIXELS > 100, (PIXELS > 100).astype("uint8")]


@pytest.mark.training
@pytest.mark.parametrize("cls", [SpatialTransformerClassifier, DRAWClassifier])
def test_unscaled_images_are_refused(cls):
    model, y = classifier(cls), np.zeros(2, "int32")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    method = model.windows if cls is DRAWClassifier else model.transformations
    for images in UNSCALED:
        message = rf"must hold scaled images.*{images.dtype} from 0 to 255"
        for call in (
            lambda x: model.fit(x, y, verbose=0),
            lambda x: model.fit(Batches(x), verbose=0),
            lambda x: model.fit(keras.ops.convert_to_tensor(x), y, verbose=0),
            lambda x: model.evaluate(x, y, verbose=0),
            lambda x: model.predict(x, verbose=0),
            method,
        ):
            with pytest.raises(ValueError, match=message.replace("int64", "int(64|32)")):
                call(images)
    for images in SCALED:
        model.check_scale("x", images)
    for images in (PIXELS - 200.0, -PIXELS, 101.0 * SCALED[2], -101.0 * SCALED[2]):
        with pytest.raises(ValueError, match="`images` must hold scaled images"):
            model.check_scale("images", images)
    for scale in (100.0, -100.0):
        model.check_scale("x", scale * SCALED[0])
    model.fit(SCALED[0], y, verbose=0)


def test_captioners_check_images_of_built_in_encoders():
    sizes = {"units": 4, **LAST}
    model = ShowAttendTell((24, 24, 1), 9, embedding_units=3, **sizes)
    target = np.ones((2, 2), "int32")
    for images in UNSCALED:
        with pytest.raises(ValueError, match="`images` must hold scaled images"):
            model.generate(images)
        with pytest.raises(ValueError, match="`x` must hold scaled images"):
            model.predict({"image": images, "target": target})
    detector = AttributeDetector((24, 24, 1), [5, 6], **LAST)
    with pytest.raises(ValueError, match="`x` must hold scaled images"):
        detector.detect(UNSCALED[0])
    semantic = SemanticAttentionCaptioner(detector, 9, units=4, num_attributes=2)
    with pytest.raises(ValueError, match="`images` must hold scaled images"):
        semantic.generate(UNSCALED[0])
    # A custom encoder may scale the images itself.
    encoder = keras.Sequential(
        [keras.Input((24, 24, 1)), keras.layers.AveragePooling2D(4, **LAST)], name="encoder"
    )
    custom = ShowAttendTell((24, 24, 1), 9, encoder=encoder, embedding_units=3, **sizes)
    custom.check_scale("x", UNSCALED[0])
