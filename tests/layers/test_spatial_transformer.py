"""Properties of `SpatialTransformer` beyond the conformance contracts."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn import SpatialTransformer
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


def images(shape=(2, 9, 12, 3)):
    return np.random.default_rng(1).uniform(size=shape).astype("float32")


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


def test_zooms_where_the_parameters_say():
    ramp = np.tile(np.arange(8, dtype="float32")[None, None, :, None], (1, 6, 1, 1))
    layer = given([np.log(0.5), 0.5, 0.0], transformation="attention", output_size=(3, 4))
    np.testing.assert_allclose(to_numpy(layer(ramp))[0, :, :, 0], [[4, 5, 6, 7]] * 3, atol=1e-4)


def test_inverse_is_refused_before_the_layer_is_built():
    with pytest.raises(ValueError, match="`inverse` requires a built layer"):
        SpatialTransformer().inverse(np.ones((1, 4, 4, 1)), np.ones((1, 2, 3)))


@pytest.mark.parametrize("output_size", [5, np.int64(5), (5, 4), None])
def test_output_shape_is_known_before_the_layer_is_built(output_size):
    layer = SpatialTransformer(output_size=output_size, num_heads=2, data_format="channels_last")
    expected = {5: (5, 5), (5, 4): (5, 4), None: (12, 10)}[output_size]
    assert layer.compute_output_shape((None, 12, 10, 3)) == (None, 2, *expected, 3)


def test_inverse_is_refused_where_there_is_none():
    layer = SpatialTransformer(transformation="flow", data_format="channels_last")
    warped, theta, _ = layer(images(), return_transformation=True)
    with pytest.raises(ValueError, match=r"`inverse` needs .*transformation='flow'"):
        layer.inverse(warped, theta)


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
    with pytest.raises(ValueError, match=rf"`features` must be .* parameters.*{outputs}\)"):
        layer(images())


def test_localization_of_unknown_size_is_refused():
    layer = SpatialTransformer(keras.layers.Flatten(), output_size=5, data_format="channels_last")
    with pytest.raises(ValueError, match="`features` must have a static size"):
        layer(keras.Input((None, None, 3)))
    with pytest.raises(ValueError, match="`output_size` must give the size of every axis"):
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
