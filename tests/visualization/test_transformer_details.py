"""Lines, margins, shades and places in pictures of a spatial transformer."""

import keras
import numpy as np
import pytest

from keras_attn import SpatialTransformer, ops
from keras_attn.visualization import plot_spatial_transformer
from keras_attn.visualization.find_transformations import find_transformations
from tests.backend import to_numpy
from tests.visualization.test_spatial_transformer import example, lines

# The pictures are the same on every backend.
pytestmark = pytest.mark.once

LAST = {"data_format": "channels_last"}


def warped_by(theta):
    """Returns images, outputs and grid of a thin plate spline of 3×3 points, and its points."""
    images = np.random.default_rng(0).random((len(theta), 9, 9, 1), dtype="float32")
    grid = ops.thin_plate_spline_grid(theta, (9, 9), (3, 3))
    return images, ops.grid_sample(images, grid, **LAST), grid, theta


def test_only_curved_grids_have_inner_lines(generator):
    flat = plot_spatial_transformer(*example(batch=1), **LAST).axes[0]
    assert [line.get_linewidth() for line in flat.lines[:2]] == [2.0, 4.0]
    assert len(flat.lines) == 3
    theta = 0.2 * generator.normal(size=(1, 9, 2)).astype("float32")
    figure = plot_spatial_transformer(*warped_by(theta), (3, 3), **LAST)
    axes = figure.axes[0]
    # Six inner lines, three sides, the top, the corner and the control points.
    assert len(axes.lines) == 6 + 3 + 1
    inner = lines(axes)[:6]
    # Those that cross in the middle go through the centre of the grid.
    grid = to_numpy(ops.thin_plate_spline_grid(theta, (9, 9), (3, 3)))[0]
    centre = ((grid[4, 4] + 1) * 9 - 1) / 2
    for number in (2, 3):
        np.testing.assert_allclose(inner[number][5], centre, atol=1e-4)
    assert [line.get_linewidth() for line in axes.lines[6:8]] == [2.0, 4.0]
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "control points" in texts
    flat = plot_spatial_transformer(*example(batch=1), **LAST)
    assert "control points" not in " ".join(text.get_text() for text in flat.texts)


def test_every_head_has_its_control_points_and_outputs(generator):
    theta = 0.1 * generator.normal(size=(2, 2, 9, 2)).astype("float32")
    images, warped, grid, _ = warped_by(theta)
    figure = plot_spatial_transformer(images, warped, grid, theta, (3, 3), **LAST)
    assert len(figure.axes) == 2 * 3
    lattice = np.stack(np.meshgrid([-0.5, 4, 8.5], [-0.5, 4, 8.5]), -1).reshape(-1, 2)
    for number in range(2):
        axes, *outputs = figure.axes[3 * number : 3 * number + 3]
        np.testing.assert_allclose(axes.images[0].get_array(), images[number, ..., 0], atol=1e-6)
        points = [line for line in lines(axes) if len(line) == 9]
        for head in range(2):
            np.testing.assert_allclose(points[head], lattice + theta[number, head] * 4.5, atol=1e-5)
            shown = outputs[head].images[0].get_array()
            np.testing.assert_allclose(shown, to_numpy(warped)[number, head, ..., 0], atol=1e-6)


@pytest.mark.parametrize(
    ("scale", "margin", "expected"),
    [
        (0.5, None, 0.06),
        (1.0, None, 0.06),
        (1.6, None, 0.35),
        (3.0, None, 0.5),
        (0.5, 0.25, 0.25),
        (3.0, 0.0, 0.0),
    ],
)
def test_the_margin_around_the_image(scale, margin, expected):
    figure = plot_spatial_transformer(*example(scale=scale), margin=margin, **LAST)
    axes = figure.axes[0]
    across = [-0.5 - 10 * expected, 9.5 + 10 * expected]
    down = [7.5 + 8 * expected, -0.5 - 8 * expected]
    np.testing.assert_allclose(axes.get_xlim(), across, atol=1e-5)
    np.testing.assert_allclose(axes.get_ylim(), down, atol=1e-5)


def test_outputs_share_the_shades_of_the_inputs_or_have_their_own():
    images, _, grid = example()
    images = 4 * images - 2
    low, high = images.min(), images.max()
    warped = np.full((2, 5, 6, 1), 0.5, "float32")
    shown = plot_spatial_transformer(images, warped, grid, **LAST).axes
    np.testing.assert_allclose(
        shown[0].images[0].get_array(), (images[0, ..., 0] - low) / (high - low), atol=1e-5
    )
    np.testing.assert_allclose(
        shown[1].images[0].get_array(), (0.5 - low) / (high - low), atol=1e-5
    )
    # Three channels have a range of their own.
    warped = np.random.default_rng(1).random((2, 5, 6, 3)).astype("float32") * 8
    warped[0, 0, 0], warped[1, 0, 0] = 0.0, 8.0
    shown = plot_spatial_transformer(images, warped, grid, **LAST).axes
    np.testing.assert_allclose(shown[1].images[0].get_array(), warped[0] / 8, atol=1e-5)
    # Values from 0 to 1 are not stretched.
    images, warped, grid = example()
    shown = plot_spatial_transformer(0.5 * images, warped, grid, **LAST).axes
    np.testing.assert_allclose(shown[0].images[0].get_array(), 0.5 * images[0, ..., 0], atol=1e-6)


@pytest.mark.parametrize("heads", [None, 2])
def test_captions_stand_at_the_right_of_their_example(heads):
    captions = ["one", "two", "three"]
    figure = plot_spatial_transformer(
        *example(batch=3, heads=heads), captions=captions, columns=2, title="title", **LAST
    )
    figure.canvas.draw()
    found = {text.get_text(): text.get_window_extent() for text in figure.texts}
    count = 1 + (heads or 1)
    for number, caption in enumerate(captions):
        look, *outputs = figure.axes[count * number : count * (number + 1)]
        boxes = [axes.get_window_extent() for axes in outputs]
        box = found[caption]
        assert box.x0 > max(each.x1 for each in boxes)
        assert boxes[0].y0 < (box.y0 + box.y1) / 2 < boxes[0].y1
        lefts = [look.get_window_extent().x0, *(each.x0 for each in boxes)]
        assert lefts == sorted(lefts)
        if heads:
            for head, each in enumerate(boxes[: heads if number < 2 else 0]):
                middles = [
                    text.get_window_extent().intervalx.mean()
                    for text in figure.texts
                    if text.get_text() == f"head {head + 1}\nsees"
                ]
                assert min(abs(middle - each.intervalx.mean()) for middle in middles) < 3
    assert found["one"].x1 < figure.axes[count].get_window_extent().x0
    assert found["title"].y0 > figure.axes[0].get_window_extent().y1
    said = "input: where\nthey look" if heads else "input: where\nit looks"
    assert said in found


def test_the_layer_of_a_model_with_two_inputs_is_found(generator):
    images, other = keras.Input((9, 9, 1)), keras.Input((3,))
    localization = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(18)])
    options = {"transformation": "thin_plate_spline", "control_points": (3, 3)}
    layer = SpatialTransformer(localization, output_size=5, **options, **LAST)
    warped = keras.layers.Flatten()(layer(keras.layers.Rescaling(2.0)(images)))
    model = keras.Model([images, other], keras.layers.Concatenate()([warped, other]))
    given = [generator.random((2, 9, 9, 1)).astype("float32"), np.zeros((2, 3), "float32")]
    look, found = find_transformations(model)
    assert tuple(found["control_points"]) == (3, 3)
    assert found["data_format"] == "channels_last"
    outputs, theta, grid = look(given)
    expected = layer(2 * given[0], return_transformation=True)
    for one, each in zip((outputs, theta, grid), expected, strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(each), atol=1e-6)
    alone = keras.Model(images, warped)
    figure = plot_spatial_transformer(alone, given[0])
    assert any(len(line) == 9 for line in lines(figure.axes[0]))
