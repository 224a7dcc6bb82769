"""Features of other shapes, one head in tiles, and sizes of a flow."""

import keras
import numpy as np
import pytest

from keras_attn import GridGenerator, GridSampler, SpatialTransformer, TransformationHead
from tests.backend import on_one_backend, to_numpy
from tests.conformance.case import randomise

FAMILIES = (
    "translation",
    "attention",
    "similarity",
    "affine",
    "projective",
    "thin_plate_spline",
    "flow",
)
HALF = pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])


def head(transformation, features, **options):
    """Returns a built head with random weights."""
    options = {"num_spatial_dims": features.ndim - 2 if features.ndim > 3 else 2, **options}
    if transformation == "flow":
        options.setdefault("output_size", (4, 5, 6)[: options["num_spatial_dims"]])
    if options["num_spatial_dims"] == 3:
        options.setdefault("control_points", (2, 2, 2))
    layer = TransformationHead(transformation, **options)
    layer.build(features.shape)
    return randomise(layer)


@pytest.mark.parametrize("transformation", FAMILIES)
@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (2, 2, 3, 2, 2)], ids=["image", "volume"])
def test_one_tile_is_the_full_image(transformation, shape, generator):
    features = generator.normal(size=shape).astype("float32")
    tiled, plain = (
        head(transformation, features, initialization=initialization)
        for initialization in ("tiling", "identity")
    )
    found, expected = (to_numpy(layer(features)) for layer in (tiled, plain))
    assert found.shape == expected.shape == tuple(tiled.compute_output_shape(shape))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_features_of_any_rank_are_flattened(generator):
    features = generator.normal(size=(2, 3, 2, 4)).astype("float32")
    layer, flat = head("affine", features), features.reshape(2, 24)
    assert tuple(layer.regression.kernel.shape) == (24, 6)
    np.testing.assert_allclose(to_numpy(layer(features)), to_numpy(layer(flat)), atol=1e-6)
    expected = flat @ to_numpy(layer.regression.kernel) + to_numpy(layer.regression.bias)
    expected = expected.reshape(2, 2, 3) + np.eye(2, 3)
    np.testing.assert_allclose(to_numpy(layer(flat)), expected, atol=1e-5)


@pytest.mark.parametrize("num_heads", [1, 2])
@pytest.mark.parametrize("initialization", ["identity", "tiling"])
def test_the_size_of_a_flow_may_be_given_in_a_call(num_heads, initialization, generator):
    features = generator.normal(size=(2, 3, 4, 2)).astype("float32")
    options = {"num_heads": num_heads, "initialization": initialization}
    layer, other = (
        head("flow", features, output_size=size, **options) for size in ((5, 3), (6, 7))
    )
    heads = (2,) if num_heads > 1 else ()
    assert tuple(layer(features).shape) == (2, *heads, 5, 3, 2)
    found = layer(features, output_size=(6, 7))
    np.testing.assert_allclose(to_numpy(found), to_numpy(other(features)), atol=1e-6)
    for size in (None, (6, 7)):
        shape = layer.compute_output_shape(features.shape, size)
        assert tuple(shape) == (2, *heads, *(size or (5, 3)), 2)
        spec = layer(keras.KerasTensor(features.shape), output_size=size)
        assert tuple(spec.shape) == tuple(shape)


@on_one_backend
@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({}, (2, 0), "`features` must be of positive sizes"),
        ({}, (2, 3, 0), "`features` must be of positive sizes"),
        ({}, (2, None), "`features` must have a static size"),
        ({}, (2, None, 4), "`features` must have a static size"),
        ({"projection": False}, (2, 5), "`features` must be the 6 parameters"),
        ({"projection": False, "num_heads": 2}, (2, 6), "`features` must be the 12 parameters"),
        ({"transformation": "flow", "output_size": (3, 4)}, (2, 5), "`features` must be a map"),
        (
            {"transformation": "flow", "output_size": (3, 4)},
            (2, 3, 4, 5, 2),
            "`features` must be a map",
        ),
        (
            {"transformation": "flow", "output_size": (3, 4)},
            (2, 3, 4, None),
            "`features` must have a static size",
        ),
    ],
)
def test_features_that_do_not_fit_are_refused(options, shape, message):
    with pytest.raises(ValueError, match=message):
        TransformationHead(**options).build(shape)


@on_one_backend
def test_other_features_than_at_build_are_refused():
    layer = TransformationHead()
    layer.build((2, 6))
    for shape in ((2, 12), (2, 3), (4, 2, 2)):
        with pytest.raises(ValueError, match="`features` must have 6 values per example"):
            layer(np.ones(shape, "float32"))
    assert tuple(layer(np.ones((4, 3, 2), "float32")).shape) == (4, 2, 3)


# === Half precision ===


@pytest.mark.training
@HALF
@pytest.mark.parametrize("kind", [GridGenerator, TransformationHead])
def test_parameters_and_coordinates_are_not_rounded(kind, policy, generator):
    inputs = generator.normal(size=(2, 6)).astype("float32")
    options = {"output_size": (3, 500)} if kind is GridGenerator else {}
    exact, half = kind(**options), kind(**options, dtype=policy)
    for layer in (exact, half):
        layer.build(inputs.shape)
        randomise(layer)
    found = half(inputs)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(found), to_numpy(exact(inputs)), atol=1e-6)


@pytest.mark.training
@HALF
def test_a_grid_finds_its_pixels_in_half_precision(policy, generator):
    """Neighbors of 3000 pixels are closer than the numbers of half precision."""
    places = generator.permutation(3000)[:64]
    grid = np.stack([(2.0 * places + 1.0) / 3000.0 - 1.0, np.zeros(64)], axis=-1)
    row = (np.arange(3000.0) % 7.0)[None, None, :, None]
    sampler = GridSampler("nearest", data_format="channels_last", dtype=policy)
    found = sampler([row.astype("float32"), grid[None, None].astype("float32")])
    assert keras.backend.standardize_dtype(found.dtype) == sampler.compute_dtype
    np.testing.assert_array_equal(to_numpy(found)[0, 0, :, 0], places % 7)


@pytest.mark.training
@HALF
def test_a_transformer_in_half_precision_has_exact_parameters(policy, generator):
    # Half precision represents these pixels.
    image = generator.integers(-4, 5, (2, 3, 4, 2)).astype("float32") / 4.0
    layers = [
        SpatialTransformer(
            keras.layers.Flatten(data_format="channels_last", dtype=dtype),
            data_format="channels_last",
            dtype=dtype,
        )
        for dtype in ("float32", policy)
    ]
    found = []
    for layer in layers:
        layer.build(image.shape)
        randomise(layer)
        _, theta, grid = layer(image, return_transformation=True)
        found.append((theta, grid, layer.localize(image)))
    for one, other in zip(*found, strict=True):
        assert keras.backend.standardize_dtype(other.dtype) == "float32"
        np.testing.assert_allclose(to_numpy(other), to_numpy(one), atol=1e-6)
