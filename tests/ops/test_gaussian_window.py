"""The windows through which DRAW reads and writes."""

import math

import numpy as np
import pytest
from keras import ops

from keras_attn.ops import (
    GaussianWindow,
    gaussian_filters,
    gaussian_window,
    read_patch,
    window_box,
    write_patch,
)
from tests.backend import gradients, to_numpy
from tests.ops.functions import numpy_call
from tests.oracles import draw

BATCH, HEIGHT, WIDTH, CHANNELS = 2, 6, 9, 2


def both_filters(numbers, patch_size, height=HEIGHT, width=WIDTH):
    """`F_Y` and `F_X` of `(batch, 5)` numbers."""
    window = gaussian_window(numbers, (height, width), patch_size)
    return [
        gaussian_filters(center, window.stride, window.variance, patch_size, size)
        for center, size in ((window.center_y, height), (window.center_x, width))
    ]


@pytest.mark.parametrize("patch_size", [1, 2, 5])
def test_windows_are_the_papers_counted_from_zero(generator, patch_size):
    numbers = generator.normal(size=(3, 5)).astype("float32")
    window = [to_numpy(each) for each in gaussian_window(numbers, (20, 50), patch_size)]
    for n, each in enumerate(numbers):
        x, y, stride, variance, intensity = draw.placed(each, 20, 50, patch_size)
        stride = stride if patch_size > 1 else 49 * math.exp(each[3])
        expected = x - 1, y - 1, stride, variance, intensity
        np.testing.assert_allclose([part[n] for part in window], expected, rtol=1e-5)


@pytest.mark.parametrize("patch_size", [2, 5, 28])
def test_zeros_span_a_square_image_from_its_first_pixel_to_its_last(patch_size):
    window = gaussian_window(np.zeros((1, 5), "float32"), (28, 28), patch_size)
    np.testing.assert_allclose(to_numpy(window_box(window, patch_size)), [[0, 0, 27, 27]])


@pytest.mark.parametrize("padding_mode", ["border", "zeros"])
def test_filters_are_the_loop(generator, padding_mode):
    center, stride, variance = generator.uniform(0.5, 5.0, (3, 4)).astype("float32")
    found = to_numpy(gaussian_filters(center, stride, variance, 3, 8, padding_mode))
    for n in range(4):
        expected = draw.filters(center[n] + 1.0, stride[n], variance[n], 3, 8, padding_mode)
        np.testing.assert_allclose(found[n], expected, atol=1e-5)


def test_outside_of_the_image_filters_weigh_the_border_or_nothing():
    far = np.array([-40.0, 60.0], "float32")
    one = np.ones(2, "float32")
    border = to_numpy(gaussian_filters(far, one, one, 1, 10))
    np.testing.assert_allclose(border[:, 0], np.eye(10)[[0, 9]], atol=1e-5)
    faded = to_numpy(gaussian_filters(far, one, one, 1, 10, "zeros"))
    np.testing.assert_allclose(faded, 0.0, atol=1e-30)


def test_inside_of_the_image_both_kinds_are_the_same():
    one = np.ones(1, "float32")
    found = [
        to_numpy(gaussian_filters(20.3 * one, 1.5 * one, 2.0 * one, 5, 40, padding_mode))
        for padding_mode in ("border", "zeros")
    ]
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-30)


def test_as_many_sharp_filters_as_pixels_are_the_identity(generator):
    image = generator.normal(size=(1, 7, 7, 2)).astype("float32")
    numbers = np.array([[0.0, 0.0, math.log(0.01), 0.0, 0.0]], "float32")
    filters = both_filters(numbers, 7, 7, 7)
    np.testing.assert_allclose(to_numpy(filters[0])[0], np.eye(7), atol=1e-5)
    read = read_patch(image, *filters)
    np.testing.assert_allclose(to_numpy(read), image, atol=1e-5)
    np.testing.assert_allclose(to_numpy(write_patch(read, *filters)), image, atol=1e-5)


def test_the_write_is_the_adjoint_of_the_read(generator):
    numbers = (0.5 * generator.normal(size=(BATCH, 5))).astype("float32")
    filters = both_filters(numbers, 3)
    image = generator.normal(size=(BATCH, HEIGHT, WIDTH, CHANNELS)).astype("float32")
    patch = generator.normal(size=(BATCH, 3, 3, CHANNELS)).astype("float32")
    read, written = to_numpy(read_patch(image, *filters)), to_numpy(write_patch(patch, *filters))
    np.testing.assert_allclose(np.sum(read * patch), np.sum(image * written), rtol=1e-4)


def test_x_goes_along_the_width_of_an_image_that_is_not_square():
    image = np.zeros((1, 20, 50, 1), "float32")
    image[0, 4, 40] = 1.0
    # The middle of the image, moved to column 40 and row 4, each counted from 1 in the paper.
    x, y = 41 / 25.5 - 1, 5 / 10.5 - 1
    numbers = np.array([[x, y, math.log(0.1), 0.0, 0.0]], "float32")
    filters = both_filters(numbers, 1, 20, 50)
    assert to_numpy(read_patch(image, *filters)).item() > 0.95
    written = to_numpy(write_patch(np.ones((1, 1, 1, 1), "float32"), *filters))[0, ..., 0]
    assert np.unravel_index(written.argmax(), written.shape) == (4, 40)


def test_smaller_strides_zoom_in_and_larger_variances_blur():
    """As the paper's figure of three windows has it."""
    edge = np.zeros((1, 28, 28, 1), "float32")
    edge[:, :, 14:] = 1.0
    wide, near, blurred = (
        to_numpy(read_patch(edge, *both_filters(np.array([numbers], "float32"), 12, 28, 28)))
        for numbers in ([0, 0, -2, 0, 0], [0, 0, -2, -2, 0], [0, 0, 5, 0, 0])
    )
    # The middle pixels are at the edge; their neighbours depend on the zoom.
    assert wide[0, 6, :, 0].round(2).tolist() == [0.0] * 6 + [1.0] * 6
    assert np.ptp(blurred) < 0.9 < np.ptp(near)
    reach = [
        float(
            window_box(gaussian_window(np.array([[0, 0, 0, n, 0]], "float32"), (28, 28), 12), 12)[
                0, 2
            ]
        )
        for n in (0.0, -2.0)
    ]
    np.testing.assert_allclose(reach, [27.0, 13.5 + 13.5 * math.exp(-2)], rtol=1e-5)


@pytest.mark.parametrize("padding_mode", ["border", "zeros"])
@pytest.mark.parametrize("variance", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("center", [-1e4, 3.3, 1e4])
@pytest.mark.training
def test_any_window_has_finite_gradients(center, variance, padding_mode):
    image = np.ones((1, 5, 5, 1), "float32")

    def function(center, stride, variance):
        filters = gaussian_filters(center, stride, variance, 3, 5, padding_mode)
        return read_patch(image, filters, filters)

    arrays = [np.array([each], "float32") for each in (center, 1.5, variance)]
    assert np.all(np.isfinite(numpy_call(function, *arrays)))
    assert all(np.all(np.isfinite(each)) for each in gradients(function, arrays)[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_windows_are_placed_in_float32_whatever_the_numbers(dtype):
    numbers = ops.cast(np.array([[0.3, -0.2, 12.0, -12.0, 0.1]], "float32"), dtype)
    window = gaussian_window(numbers, (28, 28), 5)
    assert all(to_numpy(part).dtype == "float32" for part in window)
    assert np.all(np.isfinite([to_numpy(part) for part in window]))
    np.testing.assert_allclose(to_numpy(window.variance), math.exp(10), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("parameters", lambda: gaussian_window(np.zeros((2, 4)), (5, 5), 3)),
        ("parameters", lambda: gaussian_window(np.zeros(5), (5, 5), 3)),
        ("image_size", lambda: gaussian_window(np.zeros((2, 5)), (0, 5), 3)),
        ("image_size", lambda: gaussian_window(np.zeros((2, 5)), (5, 0), 3)),
        ("image_size", lambda: gaussian_window(np.zeros((2, 5)), (5, 5, 5), 3)),
        ("parameters", lambda: gaussian_window(np.zeros((2, 3, 5)), (5, 5), 3)),
        ("patch_size", lambda: gaussian_filters(np.ones(1), np.ones(1), np.ones(1), 0, 5)),
        ("center", lambda: gaussian_filters(np.ones((1, 1)), np.ones(1), np.ones(1), 3, 5)),
        ("variance", lambda: gaussian_filters(np.ones(1), np.ones(1), np.ones(2), 3, 5)),
        (
            "filters_x",
            lambda: write_patch(np.ones((1, 2, 2, 1)), np.ones((1, 2, 5)), np.ones((1, 2, 0))),
        ),
        ("patch_size", lambda: gaussian_window(np.zeros((2, 5)), (5, 5), 0)),
        (
            "padding_mode",
            lambda: gaussian_filters(np.ones(1), np.ones(1), np.ones(1), 3, 5, "mirror"),
        ),
        ("size", lambda: gaussian_filters(np.ones(1), np.ones(1), np.ones(1), 3, 0)),
        ("stride", lambda: gaussian_filters(np.ones(1), np.ones(2), np.ones(1), 3, 5)),
        ("image", lambda: read_patch(np.ones((1, 5, 5)), np.ones((1, 2, 5)), np.ones((1, 2, 5)))),
        (
            "filters_x",
            lambda: read_patch(np.ones((1, 5, 6, 1)), np.ones((1, 2, 5)), np.ones((1, 2, 5))),
        ),
        (
            "filters_y",
            lambda: write_patch(np.ones((1, 2, 2, 1)), np.ones((1, 3, 5)), np.ones((1, 2, 5))),
        ),
    ],
)
def test_bad_arguments_are_refused_by_name(name, function):
    with pytest.raises(ValueError, match=f"`{name}`"):
        function()


@pytest.mark.parametrize("channels", [1, 3])
def test_patches_may_have_more_columns_than_rows(generator, channels):
    rows, columns = 2, 4
    down = generator.normal(size=(BATCH, rows, HEIGHT)).astype("float32")
    along = generator.normal(size=(BATCH, columns, WIDTH)).astype("float32")
    image = generator.normal(size=(BATCH, HEIGHT, WIDTH, channels)).astype("float32")
    patch = generator.normal(size=(BATCH, rows, columns, channels)).astype("float32")
    expected = np.einsum("bih,bhwc,bjw->bijc", down, image, along)
    np.testing.assert_allclose(to_numpy(read_patch(image, down, along)), expected, atol=1e-4)
    expected = np.einsum("bih,bijc,bjw->bhwc", down, patch, along)
    np.testing.assert_allclose(to_numpy(write_patch(patch, down, along)), expected, atol=1e-4)


def test_patches_are_of_the_dtype_of_the_image():
    filters = np.ones((1, 2, 5), "float32")
    for function, size in ((read_patch, 5), (write_patch, 2)):
        found = function(np.ones((1, size, size, 1), "float16"), filters, filters)
        assert to_numpy(found).dtype == "float16"


def test_the_box_of_a_window_reaches_from_its_first_filter_to_its_last():
    window = GaussianWindow(
        *np.array([[3.0, 10.0], [5.0, 1.0], [2.0, 0.5], [1.0, 1.0], [9.0, 9.0]], "float32")
    )
    boxes = to_numpy(window_box(window, 4))
    np.testing.assert_allclose(boxes, [[0, 2, 6, 8], [9.25, 0.25, 10.75, 1.75]])
    np.testing.assert_allclose(to_numpy(window_box(window, 1)), [[3, 5, 3, 5], [10, 1, 10, 1]])
