"""Properties of `SpatialTransformer` beyond the conformance contracts."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_attn
from keras_attn import GridGenerator, GridSampler, SpatialTransformer
from tests.backend import to_numpy

FAMILIES = (
    "translation",
    "attention",
    "similarity",
    "affine",
    "projective",
    "thin_plate_spline",
    "flow",
)
MATRICES = FAMILIES[:5]


def images(shape=(2, 9, 12, 3)):
    return np.random.default_rng(1).uniform(size=shape).astype("float32")


def shaken(layer, feature_map, scale=0.1):
    """The layer, built, away from its start."""
    layer.build(feature_map.shape)
    generator = np.random.default_rng(2)
    for weight in layer.head.trainable_weights:
        weight.assign(scale * generator.normal(size=weight.shape))
    return layer


def given(parameters, **arguments):
    """A transformer whose parameters are the same for every image."""
    constant = keras.Sequential(
        [
            keras.layers.GlobalAveragePooling2D(data_format="channels_last"),
            keras.layers.Dense(
                len(parameters),
                kernel_initializer="zeros",
                bias_initializer=lambda shape, dtype: ops.convert_to_tensor(parameters, dtype),
            ),
        ]
    )
    return SpatialTransformer(constant, projection=False, data_format="channels_last", **arguments)


@pytest.mark.parametrize("transformation", FAMILIES)
@pytest.mark.parametrize("shape", [(2, 9, 12, 3), (1, 1, 1, 2), (1, 5, 1, 1)])
@pytest.mark.parametrize("padding_mode", ["zeros", "reflection"])
def test_starts_at_the_identity(transformation, shape, padding_mode):
    layer = SpatialTransformer(
        transformation=transformation, padding_mode=padding_mode, data_format="channels_last"
    )
    np.testing.assert_allclose(to_numpy(layer(images(shape))), images(shape), atol=1e-5)


@pytest.mark.parametrize("transformation", FAMILIES)
def test_starts_at_a_tiling(transformation):
    image = images((2, 8, 12, 3))
    layer = SpatialTransformer(
        transformation=transformation,
        num_heads=6,
        initialization="tiling",
        output_size=(4, 4),
        data_format="channels_last",
    )
    tiles = image.reshape(2, 2, 4, 3, 4, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 6, 4, 4, 3)
    np.testing.assert_allclose(to_numpy(layer(image)), tiles, atol=1e-5)


@pytest.mark.parametrize("transformation", FAMILIES)
@pytest.mark.parametrize("initialization", ["identity", "tiling"])
def test_parts_give_what_the_whole_gives(transformation, initialization):
    layer = SpatialTransformer(
        transformation=transformation,
        num_heads=3,
        initialization=initialization,
        data_format="channels_last",
    )
    shaken(layer, images())
    warped, theta, grid = layer(images(), return_transformation=True)
    matrix = "affine" if transformation in MATRICES[:4] else transformation
    size = None if transformation == "flow" else (9, 12)
    again = GridGenerator(matrix, size)(theta)
    np.testing.assert_allclose(to_numpy(again), to_numpy(grid), atol=1e-6)
    sampled = GridSampler(data_format="channels_last")([images(), again])
    np.testing.assert_allclose(to_numpy(sampled), to_numpy(warped), atol=1e-5)
    np.testing.assert_allclose(to_numpy(layer.localize(images())), to_numpy(theta), atol=1e-6)
    for head in range(3):
        one = keras_attn.ops.grid_sample(images(), grid[:, head], data_format="channels_last")
        np.testing.assert_allclose(to_numpy(one), to_numpy(warped)[:, head], atol=1e-5)


def test_zooms_where_the_parameters_say():
    ramp = np.tile(np.arange(8, dtype="float32")[None, None, :, None], (1, 8, 1, 1))
    layer = given([np.log(0.5), 0.5, 0.0], transformation="attention", output_size=4)
    np.testing.assert_allclose(to_numpy(layer(ramp))[0, 0, :, 0], [4, 5, 6, 7], atol=1e-4)


def test_limits_bound_what_the_network_says():
    layer = given(
        [9.0, -9.0, 9.0], transformation="attention", scale_range=(0.5, 2.0), max_shift=0.25
    )
    _, theta, _ = layer(images(), return_transformation=True)
    np.testing.assert_allclose(to_numpy(theta)[0], [[2, 0, -0.25], [0, 2, 0.25]], atol=1e-3)


def test_inverse_leaves_zeros_where_nothing_was_taken():
    layer = given([np.log(0.5), 0, 0], transformation="attention", padding_mode="border")
    warped, theta, _ = layer(images(), return_transformation=True)
    canvas = to_numpy(layer.inverse(np.ones_like(to_numpy(warped)), theta))
    assert (canvas[:, 0] == 0).all()
    assert (canvas[:, canvas.shape[1] // 2, canvas.shape[2] // 2] == 1).all()


def test_inverse_is_refused_before_the_layer_is_built():
    with pytest.raises(ValueError, match="not built"):
        SpatialTransformer().inverse(np.ones((1, 4, 4, 1)), np.ones((1, 2, 3)))


@pytest.mark.parametrize("output_size", [5, np.int64(5), (5, 4), None])
def test_output_shape_is_known_before_the_layer_is_built(output_size):
    layer = SpatialTransformer(output_size=output_size, num_heads=2, data_format="channels_last")
    expected = {5: (5, 5), (5, 4): (5, 4), None: (12, 10)}[output_size]
    assert layer.compute_output_shape((None, 12, 10, 3)) == (None, 2, *expected, 3)


def test_inverse_is_refused_where_there_is_none():
    layer = SpatialTransformer(transformation="flow", data_format="channels_last")
    warped, theta, _ = layer(images(), return_transformation=True)
    with pytest.raises(ValueError, match="transformation='flow'"):
        layer.inverse(warped, theta)


def test_volume_of_depth_one_is_an_image():
    flat = given([np.log(0.7), 0.2, -0.1], transformation="attention")(images())
    constant = keras.Sequential(
        [
            keras.layers.GlobalAveragePooling3D(data_format="channels_last"),
            keras.layers.Dense(
                4,
                kernel_initializer="zeros",
                bias_initializer=lambda shape, dtype: ops.convert_to_tensor(
                    [np.log(0.7), 0.2, -0.1, 0.0], dtype
                ),
            ),
        ]
    )
    deep = SpatialTransformer(
        constant, transformation="attention", projection=False, data_format="channels_last"
    )(images()[:, None])
    np.testing.assert_allclose(to_numpy(deep)[:, 0], to_numpy(flat), atol=1e-5)


def test_thetas_that_are_not_finite_give_finite_images():
    layer = given([np.nan, 0, 0, 0, np.inf, 0], transformation="affine", padding_mode="border")
    assert np.isfinite(to_numpy(layer(images()))).all()


@pytest.mark.parametrize(
    ("arguments", "outputs"),
    [({"transformation": "affine"}, 5), ({"transformation": "attention", "num_heads": 2}, 3)],
)
def test_localization_with_the_wrong_number_of_outputs_is_refused(arguments, outputs):
    localization = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(outputs)])
    layer = SpatialTransformer(
        localization, projection=False, data_format="channels_last", **arguments
    )
    with pytest.raises(ValueError, match=rf"parameters.*{outputs}\)"):
        layer(images())


def test_localization_of_unknown_size_is_refused():
    layer = SpatialTransformer(keras.layers.Flatten(), output_size=5, data_format="channels_last")
    with pytest.raises(ValueError, match="static size"):
        layer(keras.Input((None, None, 3)))
    with pytest.raises(ValueError, match="`output_size`"):
        SpatialTransformer(data_format="channels_last")(keras.Input((None, None, 3)))


@pytest.mark.once
@pytest.mark.training
def test_learns_to_look_at_what_matters():
    """A blob anywhere in the image comes to the middle, though no label says where it is."""
    generator = np.random.default_rng(0)
    centre = generator.uniform(-0.6, 0.6, size=(512, 2))
    row, column = np.mgrid[-1:1:16j, -1:1:16j]
    square = (row - centre[:, 1, None, None]) ** 2 + (column - centre[:, 0, None, None]) ** 2
    blobs = np.exp(-square / 0.08)[..., None].astype("float32")
    target = np.exp(-(row**2 + column**2) / 0.08)[None, ..., None].astype("float32")
    localization = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu")]
    )
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            SpatialTransformer(
                localization, transformation="translation", data_format="channels_last"
            ),
        ]
    )
    model.compile(keras.optimizers.Adam(5e-3), "mse")
    model.fit(blobs, np.tile(target, (512, 1, 1, 1)), epochs=15, batch_size=64, verbose=0)
    theta = to_numpy(model.layers[-1].localize(blobs))[..., -1]
    assert np.abs(theta - centre).mean() < 0.05
