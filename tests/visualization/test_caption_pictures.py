"""The callback that draws captions during training."""

import keras
import numpy as np
import pytest

from keras_attn.applications import ShowAndTell, ShowAttendTell
from keras_attn.datasets import TextTokenizer
from keras_attn.visualization import CaptionPictures, caption_pictures
from tests.visualization.captions import described, frames_of

IMAGES = np.random.default_rng(0).random((2, 16, 16, 3), dtype="float32")
TOKENIZER = TextTokenizer.train(["a red star", "a blue ring"])


def captioner(application=ShowAttendTell):
    return application(
        (16, 16, 3), TOKENIZER, units=4, embedding_units=3, data_format="channels_last"
    )


def train(model, callback, epochs):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(0.05), loss)
    ids = TOKENIZER.encode(["a red star", "a blue ring"])
    inputs = {"image": IMAGES, "target": np.array([[1, *each] for each in ids])}
    labels = np.array([[*each, 2] for each in ids])
    model.fit(inputs, labels, epochs=epochs, verbose=0, callbacks=[callback])


@pytest.mark.training
def test_a_given_title_is_that_of_every_picture(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(
        caption_pictures, "plot_caption", lambda _, **options: titles.append(options["title"])
    )
    callback = CaptionPictures(IMAGES, tmp_path, animation=False, max_length=3, title="run 3")
    train(captioner(), callback, epochs=1)
    assert titles == ["run 3", "run 3"]


@pytest.mark.training
def test_draws_the_captions_that_the_model_generates(tmp_path, monkeypatch):
    drawn = []

    def plot(alignments, **options):
        drawn.append((alignments, options))

    monkeypatch.setattr(caption_pictures, "plot_caption", plot)
    model = captioner()
    callback = CaptionPictures(
        IMAGES, tmp_path, frequency=2, max_length=6, animation=False, smooth=False
    )
    train(model, callback, epochs=4)
    assert [options["title"] for _, options in drawn] == ["before training", "epoch 2", "epoch 4"]
    assert [options["path"].name for _, options in drawn] == [
        "epoch_0000.png", "epoch_0002.png", "epoch_0004.png",
    ]  # fmt: skip
    for alignments, options in drawn:
        assert (options["columns"], options["smooth"]) == ("all", False)
        assert options["data_format"] == "channels_last"
        assert len(alignments) == 2
        assert max(len(one.target) for one in alignments) <= 6
    # The last picture is that of the trained model.
    _, now = model.generate(IMAGES, 6, batch_size=2, return_alignments=True)
    for shown, one in zip(drawn[-1][0], now, strict=True):
        assert shown.target == one.target
        np.testing.assert_allclose(shown.weights, one.weights, atol=1e-6)
    first = drawn[0][0][0].weights
    assert first.shape != now[0].weights.shape or np.abs(first - now[0].weights).max() > 1e-4


@pytest.mark.training
def test_saves_pictures_and_an_animation(tmp_path):
    folder = tmp_path / "pictures"
    train(captioner(), CaptionPictures(IMAGES, folder, max_length=6), epochs=1)
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["epoch_0000.png", "epoch_0001.png", "training.gif"]
    assert len(frames_of(folder / "training.gif")[0]) == 2


def test_takes_a_callable_and_a_title(tmp_path):
    seen = []

    def alignments(images):
        seen.append(images.shape)
        return [described(), described(["one"])]

    callback = CaptionPictures(IMAGES, tmp_path, alignments=alignments, title="mine")
    callback.set_model(keras.Sequential([keras.Input((2,))]))
    assert callback.draw(3) == tmp_path / "epoch_0003.png"
    assert callback.draw(3).stat().st_size > 1000
    assert seen == [(2, 16, 16, 3)] * 2


def test_bad_arguments_are_refused(tmp_path):
    for model, message in (
        (captioner(ShowAndTell), "a model with attention"),
        (keras.Sequential([keras.Input((2,))]), "`model` must have a method `generate`"),
    ):
        callback = CaptionPictures(IMAGES, tmp_path)
        callback.set_model(model)
        with pytest.raises(ValueError, match=message):
            callback.on_train_begin()
    for name in ("frequency", "max_length"):
        with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
            CaptionPictures(IMAGES, tmp_path, **{name: 0})
