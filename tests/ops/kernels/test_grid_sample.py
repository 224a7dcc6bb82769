"""Sampling by kernels with gradients of their own, beside the plain path and PyTorch."""

import importlib
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from keras_attn.ops import grid_sample
from keras_attn.ops.grid_sample import plain_grid_sample
from keras_attn.ops.interpolation import PADDING_MODES
from tests.backend import BACKEND, TRAINS, gradients, to_numpy
from tests.ops.functions import numpy_call, pull_back
from tests.oracles.sampling import centre

IMAGE, VOLUME, PIXEL = (5, 7), (3, 5, 4), (1, 1)
# Few and many channels take different roads in some kernels.
CASES = [
    (IMAGE, 1, ("bilinear", "zeros", False)),
    (IMAGE, 3, ("bilinear", "reflection", True)),
    (IMAGE, 10, ("bilinear", "border", True)),
    (IMAGE, 1, ("nearest", "zeros", False)),
    (IMAGE, 2, ("bicubic", "zeros", True)),
    (IMAGE, 10, ("bicubic", "reflection", False)),
    (VOLUME, 2, ("bilinear", "zeros", True)),
    (VOLUME, 10, ("bilinear", "reflection", False)),
    (VOLUME, 1, ("nearest", "border", False)),
    (PIXEL, 2, ("bilinear", "zeros", False)),
    (PIXEL, 1, ("bilinear", "reflection", True)),
]


@pytest.mark.parametrize(("sizes", "channels", "options"), CASES)
def test_equals_the_plain_path_and_torch(generator, sizes, channels, options):
    images = generator.normal(size=(2, *sizes, channels)).astype("float32")
    points = (4, 5) if len(sizes) == 2 else (2, 4, 5)
    grid = generator.uniform(-1.5, 1.5, (2, *points, len(sizes))).astype("float32")
    cotangent = generator.normal(size=(*grid.shape[:-1], channels)).astype("float32")

    def kernel(images, grid):
        return grid_sample(images, grid, *options, data_format="channels_last")

    def plain(images, grid):
        return plain_grid_sample(images, grid, *options)

    if not TRAINS:
        sampled, expected = (numpy_call(function, images, grid) for function in (kernel, plain))
        np.testing.assert_allclose(sampled, expected, atol=1e-5)
        return
    sampled, slopes = pull_back(kernel, [images, grid], cotangent)
    found = [pull_back(plain, [images, grid], cotangent)]
    if find_spec("torch"):
        import torch

        leaves = [torch.tensor(array, requires_grad=True) for array in (images, grid)]
        native = torch.nn.functional.grid_sample(leaves[0].movedim(-1, 1), leaves[1], *options)
        native = native.movedim(1, -1)
        theirs = torch.autograd.grad(native, leaves, torch.tensor(cotangent))
        found.append((native.detach().numpy(), [gradient.numpy() for gradient in theirs]))
    for value, expected in found:
        np.testing.assert_allclose(sampled, value, atol=1e-5)
        for ours, other in zip(slopes, expected, strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(BACKEND not in ("jax", "tensorflow"), reason="PyTorch's own gradient")
@pytest.mark.parametrize("padding_mode", PADDING_MODES)
@pytest.mark.parametrize(("align_corners", "size"), [(False, 4), (True, 5)])
def test_slopes_on_pixels_and_edges_are_those_of_torch(
    generator, padding_mode, align_corners, size
):
    torch = pytest.importorskip("torch")
    images = generator.normal(size=(1, size, size, 1)).astype("float32")
    # At these sizes the coordinates of pixels, and of the middles between them, are exact.
    places = [centre(position, size, align_corners) for position in np.arange(-2, size + 1.5, 0.5)]
    grid = np.stack(np.meshgrid(places, places), axis=-1)[None].astype("float32")
    cotangent = generator.normal(size=(*grid.shape[:-1], 1)).astype("float32")
    options = ("bilinear", padding_mode, align_corners)
    _, slopes = pull_back(
        lambda *tensors: grid_sample(*tensors, *options, data_format="channels_last"),
        [images, grid],
        cotangent,
    )
    leaves = [torch.tensor(array, requires_grad=True) for array in (images, grid)]
    sampled = torch.nn.functional.grid_sample(leaves[0].movedim(-1, 1), leaves[1], *options)
    expected = torch.autograd.grad(sampled.movedim(1, -1), leaves, torch.tensor(cotangent))
    for ours, theirs in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


@pytest.mark.skipif(BACKEND not in ("jax", "tensorflow"), reason="its kernel has no groups")
@pytest.mark.parametrize("channels", [1, 3, 10])
@pytest.mark.parametrize("batch", [4, 5])
def test_gradients_in_groups_of_images(generator, monkeypatch, batch, channels):
    kernel = importlib.import_module(f"keras_attn.ops.kernels.{BACKEND}_grid_sample")
    # Sizes of no other test, so that nothing is compiled for them yet.
    images = generator.normal(size=(batch, 9, 11, channels)).astype("float32")
    grid = generator.uniform(-1.2, 1.2, (batch, 6, 13, 2)).astype("float32")
    cotangent = generator.normal(size=(batch, 6, 13, channels)).astype("float32")

    def slopes(part):
        return pull_back(
            lambda *tensors: grid_sample(*tensors, data_format="channels_last"),
            [images[part], grid[part]],
            cotangent[part],
        )[1]

    one_by_one = [slopes(slice(k, k + 1)) for k in range(batch)]
    expected = [np.concatenate(parts) for parts in zip(*one_by_one, strict=True)]
    # Two images of 9 × 11 pixels and 6 × 13 points fit for one gradient, one for the other.
    monkeypatch.setattr(kernel, "GROUP", 2 * (9 * 11 + 6 * 13) * channels)
    for found, gradient in zip(slopes(slice(batch)), expected, strict=True):
        np.testing.assert_allclose(found, gradient, atol=1e-4)


@pytest.mark.skipif(BACKEND == "openvino", reason="aborts on tensors of size 0")
@pytest.mark.parametrize("channels", [1, 10])
def test_a_batch_of_nothing(channels):
    images, grid = np.zeros((0, 4, 5, channels), "float32"), np.zeros((0, 3, 2, 2), "float32")

    def sample(images, grid):
        return grid_sample(images, grid, data_format="channels_last")

    assert numpy_call(sample, images, grid).shape == (0, 3, 2, channels)
    if TRAINS:
        _, slopes = pull_back(sample, [images, grid], np.zeros((0, 3, 2, channels), "float32"))
        assert [slope.shape for slope in slopes] == [images.shape, grid.shape]


@pytest.mark.training
def test_variables_are_differentiated(generator):
    arrays = [
        generator.normal(size=(2, 4, 5, 3)).astype("float32"),
        generator.uniform(-1, 1, (2, 3, 3, 2)).astype("float32"),
    ]
    variables = [keras.Variable(array) for array in arrays]

    def sample(images, grid):
        return grid_sample(images, grid, data_format="channels_last")

    _, found = gradients(lambda: sample(*variables), [], variables)
    expected, _ = gradients(sample, arrays)
    for ours, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-4)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others have second derivatives, or refuse")
def test_second_derivatives_are_refused(generator):
    import tensorflow as tf

    images = tf.constant(generator.normal(size=(1, 4, 4, 1)).astype("float32"))
    grid = tf.constant(generator.uniform(-1, 1, (1, 3, 3, 2)).astype("float32"))
    with tf.GradientTape() as outer:
        outer.watch(grid)
        with tf.GradientTape() as inner:
            inner.watch(grid)
            sampled = grid_sample(images, grid, data_format="channels_last")
        slope = inner.gradient(sampled, grid)
    with pytest.raises(NotImplementedError, match="`grid_sample` has no second derivative"):
        outer.gradient(slope, grid)


@pytest.mark.skipif(BACKEND != "jax", reason="the export of jax")
def test_export_with_a_free_batch(generator):
    import jax

    def sample(images, grid):
        return grid_sample(images, grid, data_format="channels_last")

    shapes = [jax.export.symbolic_shape("batch, 6, 6, 2"), (4, 4, 2)]
    shapes[1] = (shapes[0][0], *shapes[1])
    exported = jax.export.export(jax.jit(sample))(
        *[jax.ShapeDtypeStruct(shape, "float32") for shape in shapes]
    )
    images = generator.normal(size=(3, 6, 6, 2)).astype("float32")
    grid = generator.uniform(-1, 1, (3, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(exported.call(images, grid), sample(images, grid), atol=1e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="SavedModel is TensorFlow's format")
def test_saved_model(generator, tmp_path):
    import tensorflow as tf

    inputs = keras.Input((6, 6, 1)), keras.Input((4, 4, 2))
    model = keras.Model(inputs, grid_sample(*inputs, data_format="channels_last"))
    images = generator.normal(size=(3, 6, 6, 1)).astype("float32")
    grid = generator.uniform(-1, 1, (3, 4, 4, 2)).astype("float32")
    model.export(tmp_path, verbose=False)
    restored = tf.saved_model.load(tmp_path).serve((images, grid))
    np.testing.assert_allclose(to_numpy(restored), to_numpy(model([images, grid])), atol=1e-6)
