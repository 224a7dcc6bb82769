"""A spatial transformer for maps of other sizes than that at `build`."""

import keras
import numpy as np
import pytest

from keras_attn import SpatialTransformer
from tests.backend import on_one_backend, to_numpy


def transformer(transformation, data_format, **options):
    """A transformer whose parameters are the means of the channels; a flow's are the map itself."""
    pooling = keras.layers.GlobalAveragePooling2D(data_format=data_format)
    return SpatialTransformer(
        keras.layers.Identity() if transformation == "flow" else pooling,
        transformation=transformation,
        projection=False,
        data_format=data_format,
        **options,
    )


@pytest.mark.parametrize("transformation", ["affine", "projective", "flow"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("output_size", [None, (2, 5)])
def test_maps_of_another_size(transformation, data_format, output_size, generator):
    if transformation == "flow" and data_format == "channels_first":
        pytest.skip("the map of a flow has its channels last")
    channels = {"affine": 6, "projective": 8, "flow": 2}[transformation]
    shapes = [(2, 3, 5, channels), (2, 6, 4, channels), (2, 3, 5, channels)]
    images = [0.2 * generator.normal(size=shape).astype("float32") for shape in shapes]
    if data_format == "channels_first":
        images = [np.moveaxis(image, -1, 1) for image in images]
    layer = transformer(transformation, data_format, output_size=output_size)
    layer.build(images[0].shape)
    for image in images:
        fresh = transformer(transformation, data_format, output_size=output_size)
        found, expected = (each(image, return_transformation=True) for each in (layer, fresh))
        specs = layer(keras.KerasTensor(image.shape), return_transformation=True)
        assert tuple(layer.compute_output_shape(image.shape)) == tuple(found[0].shape)
        for one, other, spec in zip(found, expected, specs, strict=True):
            assert tuple(spec.shape) == tuple(one.shape)
            np.testing.assert_allclose(to_numpy(one), to_numpy(other), atol=1e-5)
        np.testing.assert_allclose(to_numpy(layer.localize(image)), to_numpy(found[1]), atol=1e-6)


def test_the_inverse_of_maps_of_unknown_size_takes_a_size(generator):
    layer = transformer("affine", "channels_last", output_size=(3, 4))
    layer(keras.Input((None, None, 6)))
    image = 0.2 * generator.normal(size=(2, 5, 7, 6)).astype("float32")
    warped, theta, _ = layer(image, return_transformation=True)
    with pytest.raises(ValueError, match="`input_size` must be given"):
        layer.inverse(warped, theta)
    found = layer.inverse(warped, theta, input_size=(5, 7))
    known = transformer("affine", "channels_last", output_size=(3, 4))
    known.build(image.shape)
    assert tuple(found.shape) == (2, 5, 7, 6)
    np.testing.assert_allclose(to_numpy(found), to_numpy(known.inverse(warped, theta)), atol=1e-6)


@on_one_backend
@pytest.mark.parametrize("output_size", [(2, 3, 4), 2.5, (0, 3), 0, -1, (3,)])
def test_output_sizes_that_do_not_fit_are_refused(output_size):
    with pytest.raises(ValueError, match="`output_size` must"):
        transformer("affine", "channels_last", output_size=output_size).build((2, 5, 6, 6))


@on_one_backend
def test_maps_of_another_rank_than_at_build_are_refused():
    layer = transformer("affine", "channels_last", output_size=2)
    layer.build((2, 5, 6, 6))
    with pytest.raises(ValueError, match="`feature_map` must be of rank 4, with which the layer"):
        layer.localize(np.ones((2, 3, 5, 6, 6), "float32"))
    for shape in ((2, 0, 6, 6), (2, 5, 0, 6), (2, 5, 6, 0), (2, 6), (2, 3, 4, 5, 6, 6)):
        with pytest.raises(ValueError, match="`feature_map` must be of rank 4"):
            transformer("affine", "channels_last").build(shape)
