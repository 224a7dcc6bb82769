"""Data formats, windows, shapes and configs of the layers of DRAW."""

import keras
import numpy as np
import pytest

from keras_attn import DRAWRead, DRAWWrite, WholeImageRead, WholeImageWrite
from keras_attn.layers.draw_glimpses import DRAWGlimpses
from keras_attn.layers.draw_recurrence import DRAWRecurrence
from keras_attn.layers.gaussian_latent import GaussianLatent
from keras_attn.layers.reward_baseline import RewardBaseline
from tests.backend import flat, on_one_backend, to_numpy
from tests.conformance.case import randomise
from tests.oracles.draw import read
from tests.oracles.recurrent import lstm

LAST, FIRST = "channels_last", "channels_first"
IMAGE = (5, 7, 2)
WRITERS = {
    "window": lambda shape, **options: DRAWWrite(3, shape, **options),
    "full image": WholeImageWrite,
}


@pytest.mark.parametrize("make", WRITERS.values(), ids=WRITERS)
def test_a_writer_keeps_the_data_format(make, generator):
    state = generator.normal(size=(3, 4)).astype("float32")
    last, first = make(IMAGE, data_format=LAST), make((2, 5, 7), data_format=FIRST)
    last.build(state.shape)
    first.build(state.shape)
    first.set_weights(randomise(last).get_weights())
    found, expected = to_numpy(first(state)), to_numpy(last(state))
    assert found.shape == (3, 2, 5, 7) == tuple(first.compute_output_shape(state.shape))
    assert tuple(first(keras.KerasTensor(state.shape)).shape) == found.shape
    np.testing.assert_allclose(found, np.moveaxis(expected, -1, 1), atol=1e-6)


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("data_format", [LAST, FIRST])
def test_a_reader_of_full_images_reads_them_side_by_side(images, data_format, generator):
    arrays = [generator.normal(size=(3, *IMAGE)).astype("float32") for _ in range(images)]
    state = np.zeros((3, 4), "float32")
    layer = WholeImageRead(data_format=data_format)
    shapes = [array.shape for array in (*arrays, state)]
    found = to_numpy(layer([*arrays, state]))
    expected = np.concatenate([array.reshape(3, -1) for array in arrays], axis=1)
    np.testing.assert_array_equal(found, expected)
    assert tuple(layer.compute_output_shape(shapes)) == found.shape


@on_one_backend
@pytest.mark.parametrize("reader", [DRAWRead(2, data_format=LAST), WholeImageRead(LAST)])
@pytest.mark.parametrize(
    "shapes",
    [
        [(3, *IMAGE), (3, *IMAGE), (2, 4)],
        [(3, *IMAGE), (2, *IMAGE), (3, 4)],
        [(3, *IMAGE), (3, 5, 7, 1), (3, 4)],
        [(3, *IMAGE), (3, 4, 1)],
        [(3, 5, 7), (3, 4)],
        [(3, 0, 7, 2), (3, 4)],
        [(3, 5, 0, 2), (3, 4)],
        [(3, 5, 7, 0), (3, 4)],
        [(3, *IMAGE), (3, 0)],
        [(3, *IMAGE)] * 3 + [(3, 4)],
    ],
)
def test_inputs_that_do_not_fit_are_refused(reader, shapes):
    with pytest.raises(ValueError, match="`inputs` must be a list"):
        reader([np.ones(shape, "float32") for shape in shapes])
    with pytest.raises(ValueError, match="`inputs` must be a list"):
        reader.build(shapes)


@pytest.mark.parametrize(
    ("size", "patch_size", "stride", "corners"),
    [
        ((8, 12), 2, 6.0, (2.5, 0.5, 8.5, 6.5)),
        ((9, 6), 3, 3.0, (-0.5, 1.0, 5.5, 7.0)),
        ((8, 12), 1, None, (5.5, 3.5, 5.5, 3.5)),
    ],
)
@pytest.mark.parametrize("kind", [DRAWRead, DRAWWrite])
def test_a_window_over_the_full_image(kind, size, patch_size, stride, corners):
    state = np.ones((1, 4), "float32")
    options = {"kernel_initializer": "zeros", "data_format": LAST}
    if kind is DRAWRead:
        layer, inputs = DRAWRead(patch_size, **options), [np.ones((1, *size, 1), "float32"), state]
    else:
        layer, inputs = DRAWWrite(patch_size, (*size, 1), **options), state
    layer(inputs)
    layer.initialize_to_full_image(size)
    _, window = layer(inputs, return_window=True)
    # Filters in the middles of equal parts of the longer side, which blur by half a part.
    part = max(size) / patch_size
    np.testing.assert_allclose(to_numpy(window["variance"]), [(part / 2) ** 2], rtol=1e-5)
    np.testing.assert_allclose(to_numpy(window["box"]), [corners], atol=1e-4)
    np.testing.assert_allclose(to_numpy(window["intensity"]), [1.0], rtol=1e-6)
    if stride is not None:
        np.testing.assert_allclose(to_numpy(window["stride"]), [stride], rtol=1e-5)
    # Nothing but the window is set.
    assert np.all(to_numpy(layer.projection.bias)[:-5] == 0.0)


@pytest.mark.parametrize("kind", ["window", "full image"])
def test_glimpses_are_those_of_a_loop(kind, generator):
    image = generator.normal(size=(2, *IMAGE)).astype("float32")
    reader = DRAWRead(2, data_format=LAST) if kind == "window" else WholeImageRead(LAST)
    layer = DRAWGlimpses(reader, 4, 3)
    layer.build(image.shape)
    randomise(layer)
    kernel, recurrent_kernel, bias = (to_numpy(each) for each in layer.cell.weights)
    last, windows = layer(image, return_windows=True)
    np.testing.assert_allclose(to_numpy(layer(image)), to_numpy(last), atol=1e-6)
    assert tuple(layer.compute_output_shape(image.shape)) == (2, 4)
    assert set(windows) == (
        {"center", "stride", "variance", "intensity", "box"} if kind == "window" else set()
    )
    for b in range(2):
        hidden, carry = np.zeros((2, 4))
        for step in range(3):
            seen = image[b].ravel()
            if kind == "window":
                numbers = hidden @ to_numpy(reader.projection.kernel)
                numbers = numbers + to_numpy(reader.projection.bias)
                intensity = to_numpy(windows["intensity"])[b, step]
                np.testing.assert_allclose(intensity, np.exp(numbers[4]), rtol=1e-4)
                seen = read(numbers, [image[b]], 2)
            hidden, carry = lstm(seen, hidden, carry, kernel, recurrent_kernel, bias)
        np.testing.assert_allclose(to_numpy(last)[b], hidden, atol=1e-5)


def recurrence(**options):
    return DRAWRecurrence(
        DRAWRead(2, data_format=LAST), WholeImageWrite(IMAGE, data_format=LAST), 4, 3, 2, **options
    )


PARTS = {
    "recurrence": lambda: recurrence(likelihood="gaussian", learn_initial_state=False, seed=4),
    "glimpses": lambda: DRAWGlimpses(DRAWRead(2, data_format=LAST), 4, 3),
    "latent": lambda: GaussianLatent(3, seed=5),
    "baseline": lambda: RewardBaseline(0.5, 0.25, to_go=False),
}
SHAPES = {"latent": (2, 6), "baseline": (2, 6)}


@on_one_backend
@pytest.mark.parametrize("name", PARTS)
def test_parts_of_models_are_saved_by_their_arguments(name):
    layer = PARTS[name]()
    config = layer.get_config()
    copy = type(layer).from_config(config)
    assert copy.get_config() == config
    names = set(config) - {"name", "trainable", "dtype", "reader", "writer"}
    assert (
        names
        >= {
            "recurrence": {"units", "latent_units", "steps", "likelihood", "learn_initial_state"},
            "glimpses": {"units", "steps"},
            "latent": {"units", "seed"},
            "baseline": {"momentum", "entropy_weight", "to_go"},
        }[name]
    )
    for each in names:
        assert getattr(copy, each) == getattr(layer, each)


@pytest.mark.training
@pytest.mark.parametrize("name", list(PARTS)[:3])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_symbolic_outputs_of_parts_are_the_real_ones(name, policy):
    layer = PARTS[name]()
    layer = type(layer).from_config({**layer.get_config(), "dtype": policy})
    shape = SHAPES.get(name, (2, *IMAGE))
    specs = keras.tree.flatten(layer(keras.KerasTensor(shape)))
    outputs = keras.tree.flatten(layer(np.ones(shape, "float32")))
    for spec, output in zip(specs, outputs, strict=True):
        assert tuple(spec.shape) == tuple(output.shape)
        assert spec.dtype == keras.backend.standardize_dtype(output.dtype)


def test_noise_is_zero_at_inference_and_as_it_is_given(generator):
    layer, image = recurrence(seed=1), generator.uniform(size=(2, *IMAGE)).astype("float32")
    layer.build(image.shape)
    randomise(layer)
    noise = np.zeros((2, 2, 3), "float32")
    expected = flat(layer(image, noise))
    for training in (False, None):
        for one, other in zip(flat(layer(image, training=training)), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    given = generator.normal(size=noise.shape).astype("float32")
    used = [flat(layer(image, given, training=training)) for training in (True, False)]
    for one, other in zip(*used, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not np.allclose(used[0][0], expected[0], atol=1e-4)
    drawn = [to_numpy(layer(image, training=True)[0]) for _ in range(2)]
    assert not np.allclose(*drawn, atol=1e-4)
