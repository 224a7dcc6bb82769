"""The random numbers of the distortions, against those of the papers."""

import numpy as np
import pytest

from keras_attn import datasets
from keras_attn.datasets.distortions import make_distortion
from tests.moments import (
    check_independent,
    check_integers,
    check_normal,
    check_same_moments,
    check_uniform,
)

# No tensor comes near it.
pytestmark = pytest.mark.once

NUM = 2000
# Not square, so that height and width cannot be confused.
HEIGHT, WIDTH = 20, 30


def ellipse():
    """A smooth ellipse in the middle of an image, its long axis horizontal."""
    x, y = np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - (HEIGHT - 1) / 2
    return np.exp(-((x / 3.2) ** 2 + (y[:, None] / 1.4) ** 2) / 2)[..., None]


def measured(images):
    """Angle in degrees, scale and shift of ellipses `(N, height, width)`, from their moments.

    Angles are counter-clockwise, as seen; a shift is x and y from the middle of the image.
    """
    mass = images.sum(axis=(1, 2))
    x, y = (np.arange(size) - (size - 1) / 2 for size in images.shape[:0:-1])
    centre_x = images.sum(axis=1) @ x / mass
    centre_y = images.sum(axis=2) @ y / mass
    xx = images.sum(axis=1) @ x**2 / mass - centre_x**2
    yy = images.sum(axis=2) @ y**2 / mass - centre_y**2
    xy = np.einsum("nyx,y,x->n", images, y, x) / mass - centre_x * centre_y
    angle = -np.degrees(np.arctan2(2 * xy, xx - yy)) / 2
    return angle, np.sqrt(mass / ellipse().sum()), np.stack([centre_x, centre_y], axis=1)


def check_rts(angle, scale, shift, size):
    """±45°, 0.7 to 1.2, and any place where the canvas holds the scaled image."""
    check_uniform(angle, -45, 45, error=0.3)
    check_uniform(scale, 0.7, 1.2, error=0.005)
    free = size - scale[:, None] * [WIDTH, HEIGHT]
    for axis in range(2):
        check_uniform(2 * shift[:, axis] / free[:, axis], -1, 1, error=0.02)
    check_independent(angle, scale, *(2 * shift / free).T)


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


def test_each_digit_of_a_pair_is_distorted_by_rts():
    pairs, _ = datasets.digit_pairs(ellipse()[None], [3], num_pairs=NUM)
    columns = []
    for channel in range(2):
        angle, scale, shift = measured(pairs[..., channel])
        check_rts(angle, scale, shift, 42)
        columns += [angle, scale, *(shift / (42 - scale[:, None] * [WIDTH, HEIGHT])).T]
    check_independent(*columns)


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


def projective_corners(generator):
    """Corners of images scaled by 0.75 to 1, moved by 5 pixels, again where they fold, one by one.

    Clockwise as seen from the upper left one, `(NUM, 8)`.
    """
    out = []
    while len(out) < NUM:
        scale = generator.uniform(0.75, 1.0)
        frame = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        folds = True
        while folds:
            corners = [
                (scale * WIDTH / 2 * x + generator.normal(0, 5),
                 scale * HEIGHT / 2 * y + generator.normal(0, 5))
                for x, y in frame
            ]  # fmt: skip
            folds = False
            for number in range(4):
                (x0, y0), (x1, y1), (x2, y2) = (corners[(number + k) % 4] for k in range(3))
                folds |= (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) <= 0
        out.append(np.ravel(corners))
    return np.array(out)


def test_p_moves_the_corners_by_5_pixels(generator):
    corners = drawn("P")["corners"]
    assert corners.shape == (NUM, 4, 2)
    check_same_moments(corners.reshape(NUM, 8), projective_corners(generator))


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
        # Any image but the one on the canvas.
        step = (numbers["image"] - np.arange(NUM)[:, None]) % NUM
        check_uniform(step, 1, NUM - 1, error=0.5)
    columns = [numbers["image"], *np.moveaxis(numbers["origin"], -1, 0)]
    columns += [*np.moveaxis(numbers["place"], -1, 0)]
    check_independent(*(each[:, 0] for each in columns), *(each[:, 1] for each in columns))


BLANK = np.zeros((50, 28, 28, 1))
# So faint that not even all crops in one place reach 1.
GREY = np.full((1, 28, 28, 1), 2**-10)
OPTIONS = {"size": 70, "distractors": GREY, "num_distractors": 3, "distractor_size": 5}


@pytest.mark.parametrize(
    ("clutter", "size", "num_distractors", "distractor_size"),
    [
        # Jaderberg et al.
        (lambda: datasets.distort(BLANK, "TC", distractors=GREY), 60, 16, 6),
        (lambda: datasets.co_localization(BLANK, [7] * 50, 7, 50, distractors=GREY)[0], 84, 16, 6),
        # Mnih et al.
        (lambda: datasets.cluttered(BLANK, distractors=GREY), 60, 4, 8),
        (lambda: datasets.cluttered(BLANK, 100, 8, distractors=GREY), 100, 8, 8),
        # Options of one's own.
        (lambda: datasets.distort(BLANK, "TC", **OPTIONS), 70, 3, 5),
        (lambda: datasets.cluttered(BLANK, **OPTIONS), 70, 3, 5),
        (lambda: datasets.DistortedDigits(BLANK, [0] * 50, "TC", **OPTIONS)[0][0], 70, 3, 5),
    ],
    ids=["TC", "co_localization", "60", "100", "distort", "cluttered", "batches"],
)
def test_every_canvas_has_all_its_crops(clutter, size, num_distractors, distractor_size):
    out = clutter()
    assert out.shape == (50, size, size, 1)
    mass = num_distractors * distractor_size**2 * 2**-10
    np.testing.assert_allclose(out.sum(axis=(1, 2, 3)), mass, rtol=1e-6)


def test_co_localized_digits_are_anywhere_in_84_pixels():
    images = np.zeros((NUM + 50, 28, 28, 1), "float32")
    images[:, 0, 0] = np.linspace(0.1, 1, NUM + 50)[:, None]
    labels = np.arange(NUM + 50) % 2
    scenes, boxes = datasets.co_localization(images, labels, 1, NUM // 2, clutter=False)
    corner = np.rint(boxes[:, :2]).astype(int)
    np.testing.assert_array_equal(np.rint(boxes[:, 2:]), corner + 28)
    check_integers(corner, 0, 84 - 28)
    check_independent(*corner.T)
    pixel = scenes[np.arange(NUM // 2), corner[:, 1], corner[:, 0], 0]
    number = np.rint((pixel - 0.1) / 0.9 * (NUM + 49)).astype(int)
    assert (labels[number] == 1).all()
    assert len(set(number)) == NUM // 2
    # Not the first ones of the class alone, nor in their order.
    check_uniform(number, 1, NUM + 49, error=1)
    check_independent(number, np.arange(NUM // 2))


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
