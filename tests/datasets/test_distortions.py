"""R, RTS, P, E and T: random numbers of the paper, seeds, shapes and refusals."""

import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.distortions import KINDS, make_distortion
from tests.datasets.ellipse import HEIGHT, NUM, WIDTH, check_rts, ellipse, measured
from tests.moments import (
    check_independent,
    check_integers,
    check_normal,
    check_same_moments,
    check_uniform,
)

# Uses no tensors.
pytestmark = pytest.mark.once

SIZES = {"none": 28, "R": 28, "RTS": 42, "P": 28, "E": 28, "T": 60, "TC": 60}


@pytest.fixture(scope="module")
def digits():
    return datasets.glyph_digits("train", num_examples=100, seed=1)[0]


def test_r_is_90_degrees_either_way():
    images = np.repeat(ellipse()[None], NUM, axis=0)
    angle, scale, shift = measured(datasets.distort(images, "R")[..., 0])
    check_uniform(angle, -90, 90, error=0.3)
    np.testing.assert_allclose(scale, 1, atol=0.01)
    np.testing.assert_allclose(shift, 0, atol=0.01)


@pytest.mark.parametrize("size", [None, 50])
def test_rts_is_45_degrees_and_scales_of_0_7_to_1_2_in_42_pixels(size):
    images = np.repeat(ellipse()[None], NUM, axis=0)
    out = datasets.distort(images, "RTS", size=size)
    assert out.shape == (NUM, size or 42, size or 42, 1)
    check_rts(*measured(out[..., 0]), size or 42)


@pytest.mark.parametrize("size", [None, 84])
def test_t_is_any_whole_pixel_of_60(size):
    images = np.zeros((NUM, HEIGHT, WIDTH, 1))
    images[:, 0, 0] = 1
    out = datasets.distort(images, "T", size=size)[..., 0]
    size = size or 60
    assert out.shape == (NUM, size, size)
    assert (out.sum(axis=(1, 2)) == 1).all()
    y, x = np.divmod(out.reshape(NUM, -1).argmax(axis=1), size)
    check_integers(x, 0, size - WIDTH)
    check_integers(y, 0, size - HEIGHT)
    check_independent(x, y)


def drawn(kind, **options):
    images = np.zeros((NUM, HEIGHT, WIDTH, 1), "float32")
    return make_distortion(kind, images, **options).draw(NUM, (HEIGHT, WIDTH, 1), seed=0)


def is_convex(corners):
    """Returns True for corners of a convex quadrilateral in clockwise order."""
    for number in range(4):
        (x0, y0), (x1, y1), (x2, y2) = (corners[(number + k) % 4] for k in range(3))
        if (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) <= 0:
            return False
    return True


def projective_corners(generator):
    """Returns corners of images scaled by 0.75 to 1 and moved by 5 pixels, until they are convex.

    They are clockwise from the upper left one, `(NUM, 4, 2)`.
    """
    out = []
    while len(out) < NUM:
        scale = generator.uniform(0.75, 1.0)
        frame = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * [WIDTH / 2, HEIGHT / 2]
        corners = scale * frame + generator.normal(0, 5, (4, 2))
        while not is_convex(corners):
            corners = scale * frame + generator.normal(0, 5, (4, 2))
        out.append(corners)
    return np.array(out)


def test_p_moves_the_corners_by_5_pixels(generator):
    corners = drawn("P")["corners"]
    assert corners.shape == (NUM, 4, 2)
    assert all(map(is_convex, corners))
    check_same_moments(corners.reshape(NUM, 8), projective_corners(generator).reshape(NUM, 8))


def test_e_moves_4_by_4_points_by_1_5_pixels():
    numbers = drawn("E")
    assert numbers["displacement"].shape == (NUM, 16, 2)
    check_normal(numbers["displacement"], 1.5)
    check_uniform(numbers["scale"], 0.75, 1)
    check_independent(numbers["scale"], *numbers["displacement"].reshape(NUM, 32).T)


@pytest.mark.parametrize("num_sources", [None, 5])
def test_tc_is_16_crops_of_6_pixels_anywhere(num_sources):
    sources = None if num_sources is None else np.zeros((num_sources, HEIGHT, WIDTH, 1))
    numbers = drawn("TC", distractors=sources)
    check_integers(numbers["corner"][:, 0], 0, 60 - WIDTH)
    check_integers(numbers["corner"][:, 1], 0, 60 - HEIGHT)
    assert numbers["image"].shape == (NUM, 16)
    assert numbers["origin"].shape == numbers["place"].shape == (NUM, 16, 2)
    check_integers(numbers["origin"][..., 0], 0, WIDTH - 6)
    check_integers(numbers["origin"][..., 1], 0, HEIGHT - 6)
    check_integers(numbers["place"], 0, 60 - 6)
    if num_sources:
        check_integers(numbers["image"], 0, num_sources - 1)
    else:
        # Any image except for the one on the canvas.
        step = (numbers["image"] - np.arange(NUM)[:, None]) % NUM
        check_uniform(step, 1, NUM - 1, error=0.5)
    columns = [numbers["image"], *np.moveaxis(numbers["origin"], -1, 0)]
    columns += [*np.moveaxis(numbers["place"], -1, 0)]
    check_independent(*(each[:, 0] for each in columns), *(each[:, 1] for each in columns))


@pytest.mark.parametrize(
    ("function", "kind", "options"),
    [
        (datasets.rotated, "R", {}),
        (datasets.rotated_scaled_translated, "RTS", {}),
        (datasets.projected, "P", {}),
        (datasets.elastically_warped, "E", {}),
        (datasets.translated, "T", {}),
        (datasets.cluttered, "TC", {"num_distractors": 16, "distractor_size": 6}),
    ],
)
def test_a_function_of_a_kind_has_its_numbers(function, kind, options):
    images = np.random.default_rng(0).random((4, HEIGHT, WIDTH, 2))
    out = function(images, seed=3, **options)
    np.testing.assert_array_equal(out, datasets.distort(images, kind, seed=3))


@pytest.mark.parametrize("kind", KINDS)
def test_shape_dtype_range(digits, kind):
    before = digits.copy()
    out = datasets.distort(digits, kind)
    assert out.shape == (100, SIZES[kind], SIZES[kind], 1)
    assert out.dtype == np.float32
    assert 0 <= out.min() < 1e-6
    assert 0.9 < out.max() <= 1
    np.testing.assert_array_equal(digits, before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_determines_the_distortions(digits, kind):
    first = datasets.distort(digits, kind, seed=3)
    np.testing.assert_array_equal(first, datasets.distort(digits, kind, seed=3))
    if kind != "none":
        assert not np.array_equal(first, datasets.distort(digits, kind, seed=4))
        assert not np.array_equal(first, datasets.distort(digits, kind, seed=[3, 1]))


@pytest.mark.parametrize("kind", KINDS)
def test_first_images_do_not_depend_on_the_others(digits, kind):
    distractors = digits if kind == "TC" else None
    whole = datasets.distort(digits, kind, distractors=distractors)
    few = datasets.distort(digits[:37], kind, distractors=distractors)
    np.testing.assert_array_equal(few, whole[:37])


@pytest.mark.parametrize("kind", KINDS)
def test_batches_do_not_change_the_distortions(digits, kind):
    distortion = make_distortion(kind, digits)
    drawn = distortion.draw(len(digits), digits.shape[1:], 0)
    out = [
        distortion.apply(digits[i : i + 7], {key: value[i : i + 7] for key, value in drawn.items()})
        for i in range(0, 100, 7)
    ]
    np.testing.assert_array_equal(np.concatenate(out), datasets.distort(digits, kind))


def test_none_is_the_identity(digits):
    np.testing.assert_array_equal(datasets.distort(digits, "none"), digits)


def test_other_shapes(digits):
    images = np.random.default_rng(0).random((5, 20, 30, 3))
    for kind in KINDS:
        out = datasets.distort(images, kind)
        size = SIZES[kind]
        assert out.shape == (5, *((size, size) if size > 28 else (20, 30)), 3)
        assert datasets.distort(images[:0], kind).shape == (0, *out.shape[1:])
    channel = datasets.distort(images[..., 1:2], "RTS")
    np.testing.assert_array_equal(datasets.distort(images, "RTS")[..., 1:2], channel)


def test_progress_bar(digits, capsys):
    datasets.distort(digits, "R")
    assert not capsys.readouterr().out
    datasets.distort(digits, "R", verbose=1)
    assert "100/100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "RST"}, "`kind` must be one of"),
        ({"images": np.zeros((2, 28, 28))}, "`images` must have the shape"),
        ({"images": np.full((2, 28, 28, 1), 255, "uint8")}, r"`images` must lie in \[0, 1\]"),
        ({"images": np.full((2, 28, 28, 1), np.nan)}, r"`images` must lie in \[0, 1\]"),
        ({"images": np.full((2, 28, 28, 1), -0.1)}, r"`images` must lie in \[0, 1\]"),
        ({"kind": "R", "size": 42}, "`size` needs a kind"),
        ({"kind": "RTS", "size": 33}, "`size` must hold"),
        ({"kind": "T", "size": 27}, "`size` must be at least"),
        ({"kind": "T", "size": 0}, "`size` must be an integer"),
        ({"kind": "T", "size": 60.0}, "`size` must be an integer"),
        ({"kind": "T", "distractors": np.zeros((2, 28, 28, 1))}, "`distractors` needs"),
        ({"kind": "T", "num_distractors": 8}, "`num_distractors` needs"),
        ({"kind": "T", "distractor_size": 8}, "`distractor_size` needs"),
        ({"kind": "TC", "distractor_size": 0}, "`distractor_size` must be"),
        ({"kind": "TC", "distractors": np.zeros((2, 28, 28, 3))}, "as many channels"),
        ({"kind": "TC", "distractors": np.zeros((0, 28, 28, 1))}, "at least one image"),
        ({"kind": "TC", "distractors": np.zeros((2, 5, 5, 1))}, "`distractor_size` must fit"),
        ({"kind": "P", "return_theta": True}, "need an affine distortion"),
        ({"kind": "E", "return_boxes": True}, "need an affine distortion"),
        ({"seed": -1}, "`seed` must be"),
        ({"seed": 0.5}, "`seed` must be"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    arguments = {"images": np.zeros((2, 28, 28, 1)), "kind": "R", **arguments}
    with pytest.raises(ValueError, match=message):
        datasets.distort(**arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (datasets.rotated_scaled_translated, {"scale_range": (0, 1)}, "`scale_range` must be"),
        (datasets.projected, {"scale_range": (1, 0.5)}, "`scale_range` must be"),
        (datasets.elastically_warped, {"sigma": np.inf}, "`sigma` must be"),
        (datasets.elastically_warped, {"control_shape": (1, 4)}, "`control_shape` must be"),
        (datasets.cluttered, {"num_distractors": -1}, "`num_distractors` must be"),
        (datasets.cluttered, {"distractor_size": 0}, "`distractor_size` must be"),
    ],
)
def test_bad_numbers_are_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(np.zeros((2, 28, 28, 1)), **arguments)


@pytest.mark.parametrize(("height", "width"), [(20, 40), (40, 20)])
def test_boxes_enclose_the_images_in_pixels_of_the_output(height, width):
    images = np.ones((50, height, width, 1), "float32")
    out, theta, boxes = datasets.distort(images, "R", return_theta=True, return_boxes=True)
    for image, (first, second), box in zip(out[..., 0], theta, boxes, strict=True):
        rows, columns = np.nonzero(image > 0.5)
        assert box[0] <= columns.min() + 1
        assert box[2] >= columns.max()
        assert box[1] <= rows.min() + 1
        assert box[3] >= rows.max()
        # Half of the width and of the height of the turned frame.
        across = min(1.0, abs(first[0]) + abs(first[1])) * width / 2
        down = min(1.0, abs(second[0]) + abs(second[1])) * height / 2
        expected = np.array([width, height, width, height]) / 2
        expected += [-across, -down, across, down]
        np.testing.assert_allclose(box, expected, atol=1e-3)
