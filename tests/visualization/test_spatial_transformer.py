"""Plots of the regions that a spatial transformer samples."""

import keras
import numpy as np
import pytest

from keras_attn import ops
from keras_attn.visualization import plot_spatial_transformer
from keras_attn.visualization.figures import COLOURS
from tests.backend import to_numpy


def example(batch=2, heads=None, size=(8, 10), output=(5, 6), channels=1, scale=0.5):
    generator = np.random.default_rng(0)
    images = generator.random((batch, *size, channels), dtype="float32")
    leading = (batch,) if heads is None else (batch, heads)
    theta = np.broadcast_to(np.eye(2, 3, dtype="float32") * scale, (*leading, 2, 3))
    grid = ops.affine_grid(theta, output)
    warped = ops.grid_sample(images, grid, data_format="channels_last")
    return images, warped, grid


def pixels(path):
    from PIL import Image

    with Image.open(path) as picture:
        picture.verify()
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def lines(axes):
    return [np.asarray(line.get_xydata()) for line in axes.lines]


def test_saves_a_picture_and_returns_the_figure(tmp_path):
    path = tmp_path / "new" / "folder" / "picture.png"
    figure = plot_spatial_transformer(*example(), data_format="channels_last", path=path)
    assert len(figure.axes) == 4
    picture = pixels(path)
    assert picture.shape[0] > 300
    assert picture.shape[1] > 300
    colours = {tuple(row) for row in picture.reshape(-1, 3)}
    assert tuple(bytes.fromhex(COLOURS[0][1:])) in colours


def test_pyplot_keeps_no_figure():
    plot_spatial_transformer(*example(), data_format="channels_last")
    import matplotlib.pyplot

    assert not matplotlib.pyplot.get_fignums()


def test_draws_the_region_where_it_is():
    """The region is the middle half of 8×10 pixels."""
    figure = plot_spatial_transformer(*example(batch=1), data_format="channels_last")
    others, top, mark = lines(figure.axes[0])
    np.testing.assert_allclose(top[[0, -1]], [[2, 1.5], [7, 1.5]], atol=1e-4)
    np.testing.assert_allclose(others.min(0), [2, 1.5], atol=1e-4)
    np.testing.assert_allclose(others.max(0), [7, 5.5], atol=1e-4)
    np.testing.assert_allclose(mark, [[2, 1.5]], atol=1e-4)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.6])
def test_shows_the_full_region(scale):
    figure = plot_spatial_transformer(*example(scale=scale), data_format="channels_last")
    axes = figure.axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for line in lines(axes):
        assert (line >= [left, top]).all()
        assert (line <= [right, bottom]).all()


def test_pixels_are_square():
    figure = plot_spatial_transformer(*example(size=(6, 12)), data_format="channels_last")
    width, height = figure.get_size_inches()
    for axes in figure.axes:
        box = axes.get_position()
        across = box.width * width / np.ptp(axes.get_xlim())
        down = box.height * height / np.ptp(axes.get_ylim())
        assert across == pytest.approx(down, rel=0.02)


def test_each_head_has_a_column_and_a_colour():
    figure = plot_spatial_transformer(*example(heads=3), data_format="channels_last")
    assert len(figure.axes) == 2 * (1 + 3)
    shades = [line.get_color() for line in figure.axes[0].lines]
    assert shades == [shade for shade in COLOURS[:3] for _ in range(3)]
    for head in range(3):
        assert figure.axes[1 + head].lines[0].get_color() == COLOURS[head]


def test_writes_captions_and_titles():
    figure = plot_spatial_transformer(
        *example(batch=3),
        captions=["one", 2, "three\nlines"],
        title="a title",
        columns=2,
        data_format="channels_last",
    )
    texts = [text.get_text() for text in figure.texts]
    assert {"one", "2", "three\nlines", "a title"} <= set(texts)
    assert len({axes.get_position().x0 for axes in figure.axes}) == 4


def test_a_spline_shows_its_control_points(generator):
    images = generator.random((1, 9, 9, 1), dtype="float32")
    theta = 0.1 * generator.normal(size=(1, 9, 2)).astype("float32")
    grid = ops.thin_plate_spline_grid(theta, (9, 9), (3, 3))
    warped = ops.grid_sample(images, grid, data_format="channels_last")
    options = {"control_points": (3, 3), "data_format": "channels_last"}
    figure = plot_spatial_transformer(images, warped, grid, theta, **options)
    points = lines(figure.axes[0])[-1]
    # At -1, 0 and 1 of nine pixels lie -1/2, 4 and 8 1/2.
    lattice = np.stack(np.meshgrid([-0.5, 4, 8.5], [-0.5, 4, 8.5]), -1).reshape(-1, 2)
    np.testing.assert_allclose(points, lattice + theta[0] * 4.5, atol=1e-5)
    with pytest.raises(ValueError, match="`control_points`"):
        plot_spatial_transformer(images, warped, grid, theta, data_format="channels_last")


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_any_number_of_channels_is_shown(channels):
    images, warped, grid = example(channels=channels)
    figure = plot_spatial_transformer(images, warped, grid, data_format="channels_last")
    expected = images[0] if channels == 3 else images[0].mean(axis=-1)
    if channels == 2:  # each has a color
        colours = [list(bytes.fromhex(colour[1:])) for colour in COLOURS[:2]]
        expected = np.minimum(images[0] @ np.array(colours) / 255, 1.0)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), expected, atol=1e-6)


def test_channels_first_gives_the_same_picture(tmp_path):
    images, warped, grid = example(channels=3, heads=2)
    plot_spatial_transformer(
        images, warped, grid, data_format="channels_last", path=tmp_path / "last.png"
    )
    plot_spatial_transformer(
        np.moveaxis(images, -1, 1),
        np.moveaxis(to_numpy(warped), -1, 2),
        grid,
        data_format="channels_first",
        path=tmp_path / "first.png",
    )
    np.testing.assert_array_equal(pixels(tmp_path / "last.png"), pixels(tmp_path / "first.png"))


def test_half_precision_and_integers():
    images, _, grid = example()
    images[0, 0, :2] = [[0.0], [1.0]]  # the same range of colors for integers
    warped = ops.grid_sample(images, grid, data_format="channels_last")
    expected, figure = (
        plot_spatial_transformer(*arrays, grid, data_format="channels_last")
        for arrays in (
            (images, warped),
            ((255 * images).astype("uint8"), keras.ops.cast(255 * warped, "bfloat16")),
        )
    )
    for one, other in zip(figure.axes, expected.axes, strict=True):
        found, wanted = (axes.images[0].get_array() for axes in (one, other))
        np.testing.assert_allclose(found, wanted, atol=0.01)


def test_grids_that_are_not_finite_have_no_region(tmp_path):
    images, warped, grid = example()
    grid = np.full_like(to_numpy(grid), np.nan)
    path = tmp_path / "picture.png"
    figure = plot_spatial_transformer(images, warped, grid, data_format="channels_last", path=path)
    assert pixels(path).shape[0] > 300
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), images[0, ..., 0], rtol=1e-6)
    assert not any(np.isfinite(line).any() for line in lines(axes))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": np.zeros((8, 10, 1))}, "images"),
        ({"images": np.zeros((0, 8, 10, 1))}, "images"),
        ({"grid": np.zeros((3, 5, 6, 2))}, "grid"),
        ({"grid": np.zeros((2, 5, 6, 3))}, "grid"),
        ({"warped": np.zeros((2, 4, 6, 1))}, "warped"),
        ({"warped": np.zeros((2, 3, 5, 6, 1))}, "warped"),
        ({"captions": ["one"]}, "captions"),
        ({"columns": 0}, "columns"),
    ],
)
def test_bad_input_is_refused(change, named):
    images, warped, grid = example()
    arguments = {"images": images, "warped": warped, "grid": grid, **change}
    with pytest.raises(ValueError, match=f"`{named}`"):
        plot_spatial_transformer(**arguments, data_format="channels_last")
