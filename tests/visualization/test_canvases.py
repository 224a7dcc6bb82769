"""Plots and animations of the canvases of DRAW, and of images."""

import numpy as np
import pytest
from PIL import Image

from keras_attn.visualization import animate_canvases, plot_canvases, plot_images

pytestmark = pytest.mark.once


def painted(steps=4, channels=1, reads=True):
    generator = np.random.default_rng(0)
    window = {
        "center": np.full((2, steps, 2), 5.0),
        "stride": np.ones((2, steps)),
        "variance": np.linspace(0.01, 100.0, 2 * steps).reshape(2, steps),
        "intensity": np.ones((2, steps)),
        "box": np.tile([2.0, 3.0, 8.0, 7.0], (2, steps, 1)),
    }
    found = {"images": generator.random((2, steps, 10, 14, channels)), "write_window": window}
    return {**found, "read_window": window} if reads else found


def test_steps_go_to_the_right_and_examples_down(tmp_path):
    found, images = painted(), np.random.default_rng(1).random((2, 10, 14, 1))
    figure = plot_canvases(found, images, title="two", path=tmp_path / "new" / "canvases.png")
    assert (tmp_path / "new" / "canvases.png").exists()
    assert len(figure.axes) == 2 * 5
    for example in range(2):
        row = figure.axes[5 * example : 5 * (example + 1)]
        np.testing.assert_allclose(row[0].images[0].get_array(), images[example, ..., 0], atol=1e-6)
        lefts = [axes.get_position().x0 for axes in row]
        assert lefts == sorted(lefts)
        for step, axes in enumerate(row[1:]):
            shown = axes.images[0].get_array()
            np.testing.assert_allclose(shown, found["images"][example, step, ..., 0], atol=1e-6)
    assert figure.axes[0].get_position().y0 > figure.axes[5].get_position().y0
    texts = [text.get_text() for text in figure.texts]
    assert texts == ["two", "image", "1", "2", "3", "4"]


def test_each_step_of_each_example_has_its_windows():
    given = painted()
    boxes = np.arange(2 * 4).reshape(2, 4, 1) + np.array([2.0, 3.0, 8.0, 7.0])
    given["read_window"] = {**given["read_window"], "box": boxes}
    figure = plot_canvases(given)
    for axes, box in zip(figure.axes, boxes.reshape(-1, 4), strict=True):
        np.testing.assert_allclose(axes.patches[0].get_bbox().extents, box)


def test_windows_are_frames_in_pixels_and_blur_widens_them():
    figure = plot_canvases(painted())
    first, last = figure.axes[0].patches, figure.axes[-1].patches
    assert len(first) == 2
    assert first[0].get_bbox().extents.tolist() == [2.0, 3.0, 8.0, 7.0]
    assert first[0].get_edgecolor() != first[1].get_edgecolor()
    assert first[0].get_linewidth() < last[0].get_linewidth()
    assert not plot_canvases(painted(), windows=False).axes[0].patches
    assert len(plot_canvases(painted(reads=False)).axes[0].patches) == 1


def test_of_many_steps_ten_are_drawn_and_others_on_request():
    many = painted(steps=64)
    heads = [text.get_text() for text in plot_canvases(many).texts]
    assert len(heads) == 10
    assert heads[0] == "1"
    assert heads[-1] == "64"
    heads = [text.get_text() for text in plot_canvases(many, steps=[3, 5]).texts]
    assert heads == ["4", "6"]


def test_a_page_of_images_in_grey_and_in_colour(tmp_path):
    images = np.random.default_rng(0).random((7, 5, 5, 3))
    figure = plot_images(images, title="seven", path=tmp_path / "page.png")
    assert len(figure.axes) == 7
    np.testing.assert_allclose(figure.axes[3].images[0].get_array(), images[3], atol=1e-6)
    tops = {round(axes.get_position().y1, 4) for axes in figure.axes}
    assert len(tops) == 3


def test_rows_of_a_page_have_names_beside_them():
    figure = plot_images(np.ones((4, 5, 5, 1)), columns=2, rows=["given", "made again of a code"])
    assert [text.get_text() for text in figure.texts] == ["given", "made again of a code"]
    figure.canvas.draw()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.axes[0].get_window_extent().x0
    assert figure.texts[0].get_position()[1] > figure.texts[1].get_position()[1]


def test_the_film_has_a_frame_for_each_step_and_ends_without_windows(tmp_path):
    file = animate_canvases(painted(), tmp_path / "canvases.gif", seconds_per_step=0.1)
    with Image.open(file) as film:
        assert film.n_frames == 5
        times = []
        for frame in range(film.n_frames):
            film.seek(frame)
            times.append(film.info["duration"])
    assert times == [100, 100, 100, 100, 800]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("painted", lambda: plot_canvases({"images": np.ones((2, 10, 14, 1))})),
        ("images", lambda: plot_canvases(painted(), np.ones((3, 10, 14, 1)))),
        ("steps", lambda: plot_canvases(painted(), steps=[4])),
        ("steps", lambda: plot_canvases(painted(), steps=[])),
        ("images", lambda: plot_images(np.ones((10, 14, 1)))),
        ("columns", lambda: plot_images(np.ones((1, 10, 14, 1)), columns=0)),
        ("rows", lambda: plot_images(np.ones((3, 10, 14, 1)), columns=2, rows=["one"])),
        ("seconds_per_step", lambda: animate_canvases(painted(), "a.gif", seconds_per_step=0)),
    ],
)
def test_bad_arguments_are_refused_by_name(name, function):
    with pytest.raises(ValueError, match=f"`{name}`"):
        function()


def test_errors_show_the_shape_that_was_passed():
    with pytest.raises(ValueError, match=r"images.shape=\(3, 10, 14\)"):
        plot_images(np.ones((3, 10, 14)))
    canvases = {"images": np.ones((2, 3, 10, 14))}
    with pytest.raises(ValueError, match=r"shape \(2, 3, 10, 14\)"):
        plot_canvases(canvases, data_format="channels_first")
