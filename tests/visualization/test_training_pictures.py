"""The base class of callbacks that draw during training, and widths of animations."""

import numpy as np
import pytest
from PIL import Image

from keras_attn.visualization import CaptionPictures, caption_pictures, training_pictures
from keras_attn.visualization.animation import animate
from keras_attn.visualization.training_pictures import TrainingPictures
from tests.visualization.captions import described, frames_of

# Uses no tensors.
pytestmark = pytest.mark.once


class Recorded(TrainingPictures):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.drawn = []

    def plot(self, **options):
        self.drawn.append(options)


@pytest.fixture
def animated(monkeypatch):
    found = []

    def animate(files, path, **options):
        found.append(([file.name for file in files], path, options))

    monkeypatch.setattr(training_pictures, "animate", animate)
    return found


def train(callback, epochs):
    callback.on_train_begin()
    for epoch in range(epochs):
        callback.on_epoch_end(epoch)
    callback.on_train_end()


def test_each_training_has_an_animation_of_its_own(tmp_path, animated):
    callback = Recorded(tmp_path, 2, True, {"margin": 3}, width=70)
    for _ in range(2):
        train(callback, 5)
    names = ["epoch_0000.png", "epoch_0002.png", "epoch_0004.png"]
    assert animated == [(names, tmp_path / "training.gif", {"width": 70})] * 2
    assert [options["path"] for options in callback.drawn] == 2 * [
        tmp_path / each for each in names
    ]
    assert {options["margin"] for options in callback.drawn} == {3}


@pytest.mark.parametrize(("animation", "epochs"), [(False, 3), (True, 0)])
def test_no_animation_of_one_picture_or_without_request(tmp_path, animated, animation, epochs):
    train(Recorded(tmp_path, 1, animation, {}), epochs)
    assert not animated


def test_options_come_before_those_of_the_callback(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        caption_pictures, "plot_caption", lambda alignments, **options: drawn.append(options)
    )
    for options in ({}, {"columns": 3, "data_format": "channels_last"}):
        callback = CaptionPictures(
            np.ones((1, 4, 4, 3)), tmp_path, alignments=lambda images: [described()], **options
        )

        class Model:
            data_format = "channels_first"

        callback.set_model(Model())
        callback.draw(1)
    assert [options["columns"] for options in drawn] == ["all", 3]
    assert [options["data_format"] for options in drawn] == ["channels_first", "channels_last"]


def test_small_pictures_are_not_made_larger(tmp_path):
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file, colour in zip(files, ("red", "blue"), strict=True):
        Image.new("RGB", (50, 20), colour).save(file)
    frames, _ = frames_of(animate(files, tmp_path / "all.gif", width=100))
    assert [frame.shape for frame in frames] == [(20, 50, 3)] * 2
