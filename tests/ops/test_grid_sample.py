"""The sampler: identities, derivatives, extreme coordinates, dtypes and shapes."""

import keras
import numpy as np
import pytest

from keras_attn.ops import grid_sample, identity_grid
from keras_attn.ops.interpolation import INTERPOLATIONS, PADDING_MODES
from tests.backend import BACKEND, to_numpy
from tests.ops.functions import (
    channels_last,
    double_precision,
    finite_difference,
    numpy_call,
    pull_back,
)

IMAGE, VOLUME = (5, 7), (3, 5, 4)
ids = lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else None  # noqa: E731


def sample(images, grid, *options, **keywords):
    return numpy_call(
        lambda *tensors: grid_sample(*tensors, *options, data_format="channels_last", **keywords),
        images,
        grid,
    )


def draw(generator, sizes, channels=3, reach=3.0, dtype="float32", points=(4, 5)):
    """Images and a grid that reaches far outside of them."""
    points = points if len(sizes) == 2 else (2, *points)
    images = generator.normal(size=(2, *sizes, channels)).astype(dtype)
    return images, generator.uniform(-reach, reach, (2, *points, len(sizes))).astype(dtype)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (1, 6), (7, 1), (1, 1), (2, 3, 1)], ids=ids)
def test_the_identity_returns_the_image(generator, shape, align_corners):
    images = generator.normal(size=(1, *shape, 2)).astype("float32")
    grid = to_numpy(identity_grid(shape, align_corners))[None]
    np.testing.assert_allclose(sample(images, grid, align_corners=align_corners), images, atol=2e-6)


def test_shifts_flips_and_quarter_turns(generator):
    images = generator.normal(size=(1, 6, 6, 2)).astype("float32")
    grid = to_numpy(identity_grid((6, 6)))[None]
    x, y = grid[..., 0], grid[..., 1]
    shifted = sample(images, grid + np.float32([2 / 3, 0]))
    np.testing.assert_allclose(shifted[:, :, :4], images[:, :, 2:], atol=2e-6)
    np.testing.assert_allclose(shifted[:, :, 4:], 0, atol=2e-6)
    flipped = sample(images, np.stack([-x, y], -1))
    np.testing.assert_allclose(flipped, images[:, :, ::-1], atol=2e-6)
    turned = sample(images, np.stack([-y, x], -1))
    np.testing.assert_allclose(turned, np.rot90(images, axes=(1, 2)), atol=2e-6)


@pytest.mark.parametrize("align_corners", [False, True])
def test_a_linear_ramp_returns_its_coordinates(generator, align_corners):
    ramp = to_numpy(identity_grid((9, 11), align_corners))[None]
    grid = generator.uniform(-0.5, 0.5, (1, 4, 4, 2)).astype("float32")
    sampled = sample(ramp, grid, align_corners=align_corners)
    np.testing.assert_allclose(sampled, grid, atol=1e-5)


def test_a_volume_of_depth_one_is_an_image(generator):
    images, grid = draw(generator, IMAGE, reach=1.5)
    depth = np.concatenate([grid, np.zeros_like(grid[..., :1])], -1)[:, None]
    np.testing.assert_allclose(
        sample(images[:, None], depth)[:, 0], sample(images, grid), atol=1e-6
    )


@pytest.mark.training
@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        (IMAGE, {"padding_mode": "zeros"}),
        (IMAGE, {"padding_mode": "border", "align_corners": True}),
        (IMAGE, {"interpolation": "bicubic", "padding_mode": "reflection"}),
        (VOLUME, {"padding_mode": "reflection"}),
        (IMAGE, {"antialias": True}),
    ],
)
def test_finite_differences_in_double_precision(generator, sizes, options):
    images, grid = draw(generator, sizes, 2, reach=1.2, dtype="float64")
    function = channels_last(grid_sample, **options)
    directions = [generator.normal(size=array.shape) for array in (images, grid)]
    cotangent = generator.normal(size=(*grid.shape[:-1], 2))
    with double_precision():
        value, gradients = pull_back(function, [images, grid], cotangent)
        assert value.dtype == "float64"

        def loss(images, grid):
            return float(np.sum(numpy_call(function, images, grid) * cotangent))

        slopes = [
            finite_difference(lambda x: loss(x, grid), images, directions[0]),
            finite_difference(lambda g: loss(images, g), grid, directions[1]),
        ]
    for gradient, direction, slope in zip(gradients, directions, slopes, strict=True):
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize("align_corners", [False, True])
def test_the_identity_has_a_slope(align_corners):
    grid = to_numpy(identity_grid((4, 4), align_corners))[None]
    ramp = np.ascontiguousarray(grid[..., :1])
    _, (_, slope) = pull_back(
        channels_last(grid_sample, align_corners=align_corners), [ramp, grid], np.ones_like(ramp)
    )
    # Within the image, d value / d x = 1 for the ramp x, and 0 along y.
    np.testing.assert_allclose(
        slope[0, 1:3, 1:3], np.broadcast_to([1.0, 0.0], (2, 2, 2)), atol=1e-4
    )


@pytest.mark.parametrize("padding_mode", PADDING_MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_no_coordinate_gives_nan(generator, interpolation, padding_mode):
    images, _ = draw(generator, IMAGE)
    far = np.float32([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e7, -1e4])
    grid = np.stack(np.meshgrid(far, far), -1)[None].repeat(2, 0)
    sampled = sample(images, grid, interpolation, padding_mode)
    assert np.isfinite(sampled).all()
    corner = sample(images, np.full_like(grid, -1.0), interpolation, padding_mode)
    np.testing.assert_allclose(sampled[:, 0, 0], corner[:, 0, 0], atol=1e-6)
    if padding_mode == "zeros":
        assert not sampled[:, 1:, 1:].any()
    if padding_mode == "border":
        for far in (1, 3, 5):
            np.testing.assert_allclose(sampled[:, far, far], images[:, -1, -1], atol=1e-5)
        for far in (2, 4, 6):
            np.testing.assert_allclose(sampled[:, far, far], images[:, 0, 0], atol=1e-5)
    if interpolation == "bilinear" and BACKEND in ("jax", "tensorflow", "torch"):
        cotangent = np.ones_like(sampled)
        options = {"interpolation": interpolation, "padding_mode": padding_mode}
        _, found = pull_back(channels_last(grid_sample, **options), [images, grid], cotangent)
        assert all(np.isfinite(gradient).all() for gradient in found)
        assert not found[1][:, 0, 0].any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("antialias", [False, True])
def test_half_precision_keeps_coordinates(generator, dtype, antialias):
    if BACKEND in ("numpy", "openvino") and dtype == "bfloat16":
        pytest.skip("no bfloat16")
    images, grid = draw(generator, (40, 40), reach=0.9)
    half = keras.ops.cast(images, dtype)
    sampled = grid_sample(half, grid, data_format="channels_last", antialias=antialias)
    assert keras.backend.standardize_dtype(sampled.dtype) == dtype
    expected = sample(to_numpy(half).astype("float32"), grid, antialias=antialias)
    np.testing.assert_allclose(
        to_numpy(sampled).astype("float32"), expected, atol=4e-3 if dtype == "float16" else 4e-2
    )


def test_dynamic_sizes_in_a_functional_model(generator, tmp_path):
    inputs = keras.Input((None, None, 3)), keras.Input((None, None, 2))
    outputs = grid_sample(*inputs, padding_mode="border", data_format="channels_last")
    assert outputs.shape == (None, None, None, 3)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    for sizes, points in (((5, 7), (4, 3)), ((8, 6), (2, 9))):
        images, grid = draw(generator, sizes, points=points)
        expected = sample(images, grid, padding_mode="border")
        for each in (model, restored):
            np.testing.assert_allclose(
                numpy_call(lambda *x, m=each: m(x), images, grid), expected, atol=1e-6
            )


@pytest.mark.parametrize(
    "options",
    [
        {"interpolation": "bicubic", "padding_mode": "reflection", "align_corners": True},
        {"padding_mode": "border", "antialias": True, "data_format": "channels_first"},
        {"interpolation": "nearest", "align_corners": True, "data_format": "channels_first"},
    ],
)
def test_a_functional_model_keeps_all_options(generator, options):
    options = {"data_format": "channels_last", **options}
    images, grid = draw(generator, (9, 12), reach=1.4)
    if options["data_format"] == "channels_first":
        images = np.moveaxis(images, -1, 1).copy()
    inputs = keras.Input(images.shape[1:]), keras.Input(grid.shape[1:])
    model = keras.Model(inputs, grid_sample(*inputs, **options))
    restored = keras.Model.from_config(model.get_config())
    expected = numpy_call(lambda *tensors: grid_sample(*tensors, **options), images, grid)
    for each in (model, restored):
        found = numpy_call(lambda *tensors, each=each: each(list(tensors)), images, grid)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [op.name for op in restored.operations] == [op.name for op in model.operations]


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_the_data_format_is_that_of_keras_by_default(generator, data_format):
    images, grid = draw(generator, IMAGE)
    if data_format == "channels_first":
        images = np.moveaxis(images, -1, 1).copy()
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(data_format)
    try:
        found = numpy_call(grid_sample, images, grid)
    finally:
        keras.config.set_image_data_format(before)
    expected = numpy_call(lambda *x: grid_sample(*x, data_format=data_format), images, grid)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.training
def test_images_in_double_precision_are_sampled_in_it(generator):
    images, _ = draw(generator, IMAGE, dtype="float64")
    _, grid = draw(generator, IMAGE, reach=1.2)
    with double_precision():
        for options in ({}, {"interpolation": "bicubic"}, {"antialias": True}):
            exact, found = (
                sample(images, each, **options) for each in (grid.astype("float64"), grid)
            )
            assert found.dtype == "float64"
            np.testing.assert_allclose(found, exact, atol=1e-12)
            single = sample(images.astype("float32"), grid.astype("float64"), **options)
            assert single.dtype == "float32"
            np.testing.assert_allclose(single, exact, atol=1e-4)


def test_symbolic_shapes():
    def shape(images, grid, data_format):
        images, grid = keras.KerasTensor(images), keras.KerasTensor(grid)
        return grid_sample(images, grid, data_format=data_format).shape

    assert shape((2, 5, 7, 3), (2, 4, 6, 2), "channels_last") == (2, 4, 6, 3)
    assert shape((2, 3, 5, 7), (2, 4, 6, 2), "channels_first") == (2, 3, 4, 6)
    assert shape((2, 3, 5, 7), (2, 8, 4, 6, 2), "channels_first") == (2, 8, 3, 4, 6)
    assert shape((2, 9, 5, 7, 3), (2, 8, 4, 6, 3), "channels_last") == (2, 8, 4, 6, 3)
    assert shape((2, 1, 9, 5, 7), (2, 6, 8, 4, 2, 3), "channels_first") == (2, 6, 1, 8, 4, 2)
    half, grid = keras.KerasTensor((2, 5, 7, 3), "float16"), keras.KerasTensor((2, 4, 6, 2))
    assert grid_sample(half, grid, data_format="channels_last").dtype == "float16"
    image = np.zeros((2, 5, 7, 3), "float32")
    assert grid_sample(image, grid, data_format="channels_last").shape == (2, 4, 6, 3)


@pytest.mark.parametrize(
    ("images", "grid", "options", "message"),
    [
        ((2, 5, 7), (2, 4, 4, 2), {}, "`images` must have rank 4"),
        ((2, 0, 7, 3), (2, 4, 4, 2), {}, "`images` must have at least one pixel"),
        ((2, 5, 7, 0), (2, 4, 4, 2), {}, "`images` must have at least one pixel"),
        ((5,), (2, 4, 4, 2), {}, "`images` must have rank 4"),
        ((2, 2, 2, 2, 5, 7), (2, 4, 4, 4, 4, 4), {}, "`images` must have rank 4"),
        ((2, 5, 7, 3), (2, 4, 2), {}, "`grid` must have 2 coordinates"),
        ((2, 5, 7, 3), (2, 2, 3, 4, 4, 2), {}, "`grid` must have 2 coordinates"),
        ((2, 5, 7, 3), (2, 4, 4, 3), {}, "`grid` must have 2 coordinates"),
        ((2, 5, 7, 6, 3), (2, 4, 4, 4, 2), {}, "`grid` must have 3 coordinates"),
        ((2, 5, 7, 3), (3, 4, 4, 2), {}, "`images` and `grid` must have the same batch size"),
        ((2, 5, 7, 3), (2, 4, 4, 2), {"interpolation": "cubic"}, "`interpolation` must be one"),
        ((2, 5, 7, 3), (2, 4, 4, 2), {"padding_mode": "wrap"}, "`padding_mode` must be one"),
        ((2, 5, 7, 3), (2, 4, 4, 2), {"data_format": "last"}, "`data_format` must be one"),
        ((2, 5, 7, 3), (2, 4, 4, 2), {"dtype": "int32"}, "`images` must be floating point"),
        ((2, 5, 7, 3), (2, 4, 4, 2), {"grid_dtype": "int32"}, "`grid` must be floating point"),
        (
            (2, 3, 5, 7, 3),
            (2, 1, 4, 4, 3),
            {"interpolation": "bicubic"},
            "`interpolation='bicubic'`",
        ),
        ((2, 3, 5, 7, 3), (2, 1, 4, 4, 3), {"antialias": True}, "`antialias=True` needs images"),
        (
            (2, 5, 7, 3),
            (2, 4, 4, 2),
            {"antialias": True, "interpolation": "nearest"},
            "`antialias` is defined for bilinear",
        ),
    ],
)
def test_bad_input(images, grid, options, message):
    options = {"data_format": "channels_last", **options}
    images = np.zeros(images, options.pop("dtype", "float32"))
    grid = np.zeros(grid, options.pop("grid_dtype", "float32"))
    with pytest.raises(ValueError, match=message):
        grid_sample(images, grid, **options)
