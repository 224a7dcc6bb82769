"""Margins for texts, and inference of the channel axis, of all figures."""

import keras
import numpy as np
import pytest

from keras_attn import NTM, NTMCell, ops
from keras_attn.applications import DRAW, SpatialTransformerClassifier
from keras_attn.decoding import Alignment
from keras_attn.visualization import (
    animate_canvases,
    plot_alignment,
    plot_canvases,
    plot_caption,
    plot_images,
    plot_memory_use,
    plot_sequence_task,
    plot_spatial_transformer,
)
from keras_attn.visualization.figures import channels_last
from tests.visualization.captions import frames_of
from tests.visualization.cut import clipped_inches

pytestmark = pytest.mark.once

LONG = "a title that is much longer than the picture below it is wide, " * 2
RANDOM = np.random.default_rng(0).random
LAST = {"data_format": "channels_last"}


def transformed(batch=2):
    images = RANDOM((batch, 8, 8, 1))
    grid = ops.affine_grid(np.ones((batch, 1, 1)) * np.eye(2, 3) / 2, (6, 6))
    return images, ops.grid_sample(images, grid, **LAST), grid


def memory(**options):
    layer = NTM(NTMCell(6, 5, 4), return_sequences=True)
    return plot_memory_use(layer.trace(np.ones((1, 3, 2))), **options)


def bits(**options):
    ones = np.ones((1, 2))
    return plot_sequence_task(ones, ones, ones, mask=np.ones(1), **options)


EYE = Alignment(["ein", "Hund"], ["a", "dog"], np.eye(2))
FIGURES = {
    "two words": lambda: plot_alignment(EYE),
    "one row": lambda: plot_alignment(np.full((1, 60), 1 / 60), vmax=None),
    "alignment": lambda: plot_alignment(EYE, titles=LONG),
    "long words": lambda: plot_alignment(Alignment(["x" * 40, "y" * 50], ["z" * 60], [[1.0, 0.0]])),
    "transformer": lambda: plot_spatial_transformer(*transformed()),
    "transformer with a title": lambda: plot_spatial_transformer(*transformed(), title=LONG),
    "transformer with captions": lambda: plot_spatial_transformer(
        *transformed(), captions=["W" * 30, "i"]
    ),
    "canvases": lambda: plot_canvases({"images": RANDOM((1, 1, 8, 8, 1))}, title=LONG),
    "narrow canvases": lambda: plot_canvases(
        {"images": RANDOM((1, 12, 40, 5, 1))}, RANDOM((1, 40, 5, 1)), **LAST
    ),
    "images": lambda: plot_images(RANDOM((2, 8, 8, 3)), 2, ["W" * 20], title=LONG),
    "caption": lambda: plot_caption(
        Alignment(RANDOM((8, 8, 3)), ["a", "s" * 40], np.ones((2, 2, 2)) / 4), title=LONG
    ),
    "memory": lambda: memory(title=LONG),
    "bits": lambda: bits(title=LONG, titles=LONG),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(name):
    assert clipped_inches(FIGURES[name]()) == {}


def test_margins_for_texts_keep_sizes_and_distances():
    plain, titled = (
        plot_canvases({"images": RANDOM((1, 2, 8, 8, 1))}, title=title) for title in ("t", LONG)
    )
    sizes = [
        [axes.get_window_extent().size / figure.dpi for axes in figure.axes]
        for figure in (plain, titled)
    ]
    np.testing.assert_allclose(*sizes)
    places = [figure.axes[0].get_window_extent().x0 for figure in (plain, titled)]
    gaps = [
        figure.axes[1].get_window_extent().x0 - place
        for figure, place in zip((plain, titled), places, strict=True)
    ]
    np.testing.assert_allclose(*gaps)


@pytest.mark.parametrize(
    "shape", [(8, 6, 3), (2, 8, 6, 1), (2, 5, 4, 9, 8), (3, 8, 6), (1, 1, 8, 6)]
)
def test_the_channel_axis_is_inferred(shape):
    images = RANDOM(shape).astype("float32")
    found = channels_last(images)
    first = shape[-3] <= 4 and not shape[-1] <= 4
    expected = np.moveaxis(images, -3, -1) if first else images
    np.testing.assert_array_equal(found, expected)


def test_an_ambiguous_channel_axis_follows_the_keras_config():
    images = RANDOM((3, 8, 2)).astype("float32")
    before = keras.config.image_data_format()
    try:
        keras.config.set_image_data_format("channels_first")
        assert channels_last(images).shape == (8, 2, 3)
        keras.config.set_image_data_format("channels_last")
        assert channels_last(images).shape == (3, 8, 2)
    finally:
        keras.config.set_image_data_format(before)
    assert channels_last(images, "channels_first").shape == (8, 2, 3)
    with pytest.raises(ValueError, match=r"`data_format` must be .*'middle'"):
        channels_last(images, "middle")


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_first_canvases(tmp_path, channels):
    sizes = {"steps": 3, "units": 5, "latent_units": 2, "data_format": "channels_first"}
    model = DRAW((channels, 8, 6), **sizes)
    painted = model.generate(2, seed=0)
    last = np.moveaxis(np.asarray(painted["images"]), 2, -1)
    shown = last if channels == 3 else last[..., 0]

    def drawn(figure):
        return [np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes]

    found = drawn(plot_canvases(painted, painted["images"][:, -1]))
    np.testing.assert_allclose(found[0], shown[0, -1], atol=1e-6)
    np.testing.assert_allclose(found[1], shown[0, 0], atol=1e-6)
    found = drawn(plot_images(painted["images"][:, -1]))
    np.testing.assert_allclose(found[1], shown[1, -1], atol=1e-6)
    films = [
        frames_of(animate_canvases({**painted, "images": each}, tmp_path / "a.gif"))[0]
        for each in (painted["images"], last)
    ]
    for one, other in zip(*films, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_channels_first_captions():
    image = RANDOM((3, 8, 12))
    figure = plot_caption(Alignment(image, ["a"], np.ones((1, 2, 2)) / 4))
    shown = np.asarray(figure.axes[0].get_images()[0].get_array())
    np.testing.assert_allclose(shown, np.moveaxis(image, 0, -1), atol=1e-6)


def test_plot_spatial_transformer_of_a_model():
    model = SpatialTransformerClassifier(
        (24, 24, 1), 3, filters=(2, 2), units=4, transformation="thin_plate_spline", **LAST
    )
    images = RANDOM((2, 24, 24, 1)).astype("float32")
    warped, theta, grid = model.transformations(images)
    expected = plot_spatial_transformer(images, warped, grid, theta, **LAST)
    figure = plot_spatial_transformer(model, images)
    assert len(figure.axes) == len(expected.axes) == 4
    for one, other in zip(figure.axes, expected.axes, strict=True):
        assert len(one.lines) == len(other.lines)
        for line, twin in zip(one.lines, other.lines, strict=True):
            np.testing.assert_allclose(line.get_xydata(), twin.get_xydata(), atol=1e-5)
    with pytest.raises(ValueError, match=r"`grid` must be given .*or pass a model"):
        plot_spatial_transformer(images, warped)
    with pytest.raises(ValueError, match="`model` must have a method `transformations`"):
        plot_spatial_transformer(keras.Sequential([keras.layers.Flatten()]), images)
    with pytest.raises(ValueError, match=r"`captions` must be a list of texts.*'ab'"):
        plot_spatial_transformer(images, warped, grid, captions="ab", **LAST)
    with pytest.raises(ValueError, match=r"`rows` must be 2 texts.*'ab'"):
        plot_images(images, columns=1, rows="ab")
