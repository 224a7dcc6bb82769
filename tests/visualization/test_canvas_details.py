"""Shades, frames and places of the canvases of DRAW."""

import numpy as np
import pytest

from keras_attn.visualization import animate_canvases, plot_canvases, plot_images
from keras_attn.visualization.canvases import READ_COLOUR, WRITE_COLOUR
from tests.visualization.captions import frames_of

# The pictures are the same on every backend.
pytestmark = pytest.mark.once


def frames_through(figure, axes=0):
    """Returns colors, boxes and line widths of the windows on one image."""
    from matplotlib.colors import to_hex

    return [
        (
            to_hex(patch.get_edgecolor()).upper(),
            patch.get_bbox().extents.tolist(),
            patch.get_linewidth(),
        )
        for patch in figure.axes[axes].patches
    ]


def window(box, variance):
    return {"box": np.array([[box]], "float32"), "variance": np.array([[variance]], "float32")}


@pytest.mark.parametrize(("variance", "width"), [(0.0, 1.2), (4.0, 2.2), (36.0, 4.2), (1e4, 5.0)])
def test_the_window_that_is_written_is_red_and_its_line_as_wide_as_it_blurs(variance, width):
    painted = {
        "images": np.zeros((1, 1, 10, 14, 1)),
        "read_window": window([1, 2, 7, 6], 0.0),
        "write_window": window([3, 4, 3, 4], variance),
    }
    read, write = frames_through(plot_canvases(painted))
    assert read == (READ_COLOUR, [1, 2, 7, 6], pytest.approx(1.2))
    # A window of one point is seen as one.
    assert write == (WRITE_COLOUR, [3, 4, 3.5, 4.5], pytest.approx(width))
    del painted["read_window"]
    assert [shade for shade, *_ in frames_through(plot_canvases(painted))] == [WRITE_COLOUR]
    green, red = (tuple(bytes.fromhex(shade[1:])) for shade in (READ_COLOUR, WRITE_COLOUR))
    assert green[1] > green[0]
    assert red[0] > red[1]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_are_clipped_and_shown_in_grey_or_in_color(channels, generator):
    image = generator.uniform(-0.5, 1.5, (5, 7, channels)).astype("float32")
    shown = plot_images(image[None], data_format="channels_last").axes[0].images[0]
    expected = image if channels == 3 else image.mean(axis=-1)
    np.testing.assert_allclose(shown.get_array(), np.clip(expected, 0, 1), atol=1e-6)
    if channels != 3:
        assert shown.get_clim() == (0, 1)
        np.testing.assert_allclose(shown.cmap([0.0, 1.0])[:, 0], [0, 1])


def test_ten_steps_are_evenly_spaced():
    def heads(total, **options):
        painted = {"images": np.zeros((1, total, 4, 4, 1))}
        figure = plot_canvases(painted, data_format="channels_last", **options)
        return [int(text.get_text()) for text in figure.texts]

    assert heads(64) == list(range(1, 65, 7))
    assert heads(10) == list(range(1, 11))
    assert heads(1) == [1]
    assert heads(5, steps=[4, 0]) == [5, 1]
    for wrong in ([-1], [5]):
        with pytest.raises(ValueError, match=r"`steps` must lie in 0\.\.4"):
            heads(5, steps=wrong)
    with pytest.raises(ValueError, match=r"`painted` .*\(1, 0, 4, 4, 1\)"):
        heads(0)


def test_images_of_a_page_go_from_left_to_right_and_down():
    figure = plot_images(np.zeros((7, 8, 4, 1)), title="seven")
    boxes = [axes.get_position() for axes in figure.axes]
    lefts, tops = ([round(getattr(box, side), 4) for box in boxes] for side in ("x0", "y1"))
    assert lefts[:3] == sorted(set(lefts)) == lefts[3:6]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] == tops[2] > tops[3] == tops[5] > tops[6]
    assert lefts[6] == lefts[0]
    # Images keep their proportions, and more columns than images have no room.
    width, height = figure.get_size_inches()
    assert boxes[0].height * height == pytest.approx(2 * boxes[0].width * width)
    one, many = (plot_images(np.zeros((2, 8, 4, 1)), columns=n) for n in (2, 9))
    np.testing.assert_allclose(one.get_size_inches(), many.get_size_inches())


def red_pixels(frame):
    return (frame[..., 0] - frame[..., 2] > 60).sum()


def test_each_frame_of_a_film_has_the_canvases_of_its_step(tmp_path):
    levels = np.linspace(0.2, 0.95, 6).reshape(2, 3)
    box = np.tile([1.0, 1.0, 6.0, 6.0], (2, 3, 1))
    painted = {
        "images": np.broadcast_to(levels[..., None, None, None], (2, 3, 8, 8, 1)),
        "write_window": {"box": box, "variance": np.zeros((2, 3))},
    }
    options = {"data_format": "channels_last"}
    for columns in (1, 2):
        frames, _ = frames_of(animate_canvases(painted, tmp_path / "a.gif", columns, **options))
        assert len(frames) == 4
        height, width = frames[0].shape[:2]
        assert (height > 1.5 * width) is (columns == 1)
        for number, frame in enumerate(frames):
            middle = (
                (frame[height // 4, width // 2], frame[3 * height // 4, width // 2])
                if columns == 1
                else (frame[height // 2, width // 4], frame[height // 2, 3 * width // 4])
            )
            shown = np.array(middle)[:, 0] / 255
            np.testing.assert_allclose(shown, levels[:, min(number, 2)], atol=0.03)
            # The last frame has no windows.
            assert (red_pixels(frame) > 100) == (number < 3)
    plain, _ = frames_of(animate_canvases(painted, tmp_path / "b.gif", windows=False, **options))
    assert not any(red_pixels(frame) for frame in plain)
