"""Options of `SpatialTransformer` where they meet, against the loops over pixels."""

import math

import keras
import numpy as np
import pytest

from keras_attn import SpatialTransformer
from keras_attn.ops.transformation import PARAMETERS
from tests.ops.functions import numpy_call
from tests.oracles.sampling import sample_batch
from tests.oracles.transformations import inverse, matrices, matrix_grid, transformed

MATRICES = tuple(PARAMETERS)
SIZES = {2: (3, 4), 3: (2, 3, 4)}
CONTROL_POINTS = {2: (2, 3), 3: (2, 2, 2)}

aligned = pytest.mark.parametrize("align_corners", [False, True])


def parameter_count(transformation, axes=2):
    """Parameters of one head; of a flow for one pixel."""
    if transformation == "thin_plate_spline":
        return axes * math.prod(CONTROL_POINTS[axes])
    return axes if transformation == "flow" else PARAMETERS[transformation][axes]


def transformer(transformation="affine", data_format="channels_last", axes=2, **options):
    """A transformer whose parameters are the means of the channels; a flow's are the map itself."""
    pooling = getattr(keras.layers, f"GlobalAveragePooling{axes}D")(data_format=data_format)
    return SpatialTransformer(
        keras.layers.Identity() if transformation == "flow" else pooling,
        transformation=transformation,
        projection=False,
        control_points=CONTROL_POINTS[axes],
        data_format=data_format,
        **options,
    )


@pytest.mark.parametrize("transformation", [*MATRICES, "thin_plate_spline", "flow"])
@pytest.mark.parametrize(
    ("axes", "num_heads", "initialization"),
    [(2, 1, "identity"), (2, 2, "tiling"), (3, 2, "tiling")],
)
@aligned
def test_limits_and_tiles(
    generator, transformation, axes, num_heads, initialization, align_corners
):
    options = {
        "num_heads": num_heads,
        "initialization": initialization,
        "max_shift": 0.4,
        "align_corners": align_corners,
    }
    if transformation in ("attention", "similarity"):
        options["scale_range"] = (0.8, 1.1)
    size, channels = SIZES[axes], num_heads * parameter_count(transformation, axes)
    image = generator.normal(size=(2, *size, channels)).astype("float32")
    layer = transformer(transformation, axes=axes, output_size=size, **options)
    layer.build(image.shape)
    warped, theta, grid, localized = numpy_call(
        lambda x: (*layer(x, return_transformation=True), layer.localize(x)), image
    )
    parameters = image.reshape(2, -1, channels).mean(axis=1, dtype="float64")
    if transformation == "flow":
        parameters = np.moveaxis(image.reshape(2, *size, num_heads, axes), -2, 1)
    options["control_points"] = CONTROL_POINTS[axes]
    found = [transformed(each, transformation, size, **options) for each in parameters]
    for actual, desired in zip((theta, grid), zip(*found, strict=True), strict=True):
        np.testing.assert_allclose(actual, np.stack(desired), atol=1e-5)
    np.testing.assert_allclose(localized, theta, atol=1e-6)
    expected = sample_batch(image, grid, align_corners=align_corners)
    np.testing.assert_allclose(warped, expected, atol=1e-4)


SAMPLING = [
    ("bilinear", "zeros", True, True),
    ("bilinear", "reflection", False, True),
    ("bilinear", "border", True, False),
    ("nearest", "reflection", True, False),
    ("bicubic", "zeros", True, False),
    ("bicubic", "border", False, False),
]


@pytest.mark.parametrize(("interpolation", "padding_mode", "align_corners", "antialias"), SAMPLING)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_sampling(generator, interpolation, padding_mode, align_corners, antialias, data_format):
    options = {
        "interpolation": interpolation,
        "padding_mode": padding_mode,
        "align_corners": align_corners,
        "antialias": antialias,
    }
    image = generator.normal(size=(2, 5, 7, 6)).astype("float32")
    layer = transformer(output_size=(2, 3), data_format=data_format, **options)
    given = image if data_format == "channels_last" else np.moveaxis(image, -1, 1)
    layer.build(given.shape)
    warped = numpy_call(layer, given)
    theta = matrices(image.mean(axis=(1, 2), dtype="float64"), "affine")
    expected = sample_batch(image, matrix_grid(theta, (2, 3), align_corners), **options)
    warped = warped if data_format == "channels_last" else np.moveaxis(warped, 1, -1)
    np.testing.assert_allclose(warped, expected, atol=1e-5)


def check_inverse(
    generator, transformation, num_heads, data_format, output_size, input_size, **options
):
    """Compares `inverse` with sampling by the inverse matrices, and zeros outside.

    The layer is built for maps of size `(5, 6)`.

    Args:
        input_size: Size that `inverse` is called with; `None` for the default.
    """
    layer = transformer(
        transformation, data_format, num_heads=num_heads, output_size=output_size, **options
    )
    count = parameter_count(transformation)
    maps = [2, 5, 6, num_heads * count]
    layer.build(maps if data_format == "channels_last" else [maps[0], maps[3], *maps[1:3]])
    heads = (num_heads,) if num_heads > 1 else ()
    theta = matrices(0.3 * generator.normal(size=(2, *heads, count)), transformation)
    theta = theta.astype("float32")
    warped = generator.normal(size=(2, *heads, 3, 4, 2)).astype("float32")
    given = warped
    if data_format == "channels_first":
        given = np.moveaxis(warped, -1, 1 + len(heads))
    found = numpy_call(lambda *tensors: layer.inverse(*tensors, input_size), given, theta)
    if data_format == "channels_first":
        found = np.moveaxis(found, 1 + len(heads), -1)
    # Without `output_size`, maps in and out have one size.
    size = input_size or ((5, 6) if output_size else (3, 4))
    grid = matrix_grid(inverse(theta.astype("float64")), size, options["align_corners"])
    flat_maps, flat_grids = (
        array.reshape(-1, *array.shape[1 + len(heads) :]) for array in (warped, grid)
    )
    expected = sample_batch(flat_maps, flat_grids, **{**options, "padding_mode": "zeros"})
    assert found.shape == (2, *heads, *size, 2)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-4)


@pytest.mark.parametrize("transformation", MATRICES)
@pytest.mark.parametrize("num_heads", [1, 2])
@aligned
def test_inverse(generator, transformation, num_heads, align_corners):
    check_inverse(
        generator,
        transformation,
        num_heads,
        "channels_last",
        output_size=(3, 4),
        input_size=None,
        align_corners=align_corners,
    )


@pytest.mark.parametrize("num_heads", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_inverse_has_the_size_of_the_warped_maps_by_default(generator, num_heads, data_format):
    check_inverse(
        generator,
        "affine",
        num_heads,
        data_format,
        output_size=None,
        input_size=None,
        align_corners=False,
    )


@pytest.mark.parametrize(("interpolation", "padding_mode", "align_corners", "antialias"), SAMPLING)
def test_inverse_samples_as_the_layer_does_but_for_the_padding(
    generator, interpolation, padding_mode, align_corners, antialias
):
    check_inverse(
        generator,
        "attention",
        2,
        "channels_first",
        output_size=None,
        input_size=(5, 6),
        interpolation=interpolation,
        padding_mode=padding_mode,
        align_corners=align_corners,
        antialias=antialias,
    )
