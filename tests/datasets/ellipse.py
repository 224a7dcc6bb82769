"""Measurement of the distortion of an ellipse."""

import numpy as np

from tests.moments import check_independent, check_uniform

NUM = 2000
# Not square, so that height and width cannot be confused.
HEIGHT, WIDTH = 20, 30


def ellipse():
    """Returns an image with a smooth ellipse in its center, wider than high."""
    x, y = np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - (HEIGHT - 1) / 2
    return np.exp(-((x / 3.2) ** 2 + (y[:, None] / 1.4) ** 2) / 2)[..., None]


def measured(images):
    """Returns angle in degrees, scale and shift of ellipses `(N, height, width)` by moments.

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
    """Asserts ±45°, scales of 0.7 to 1.2, and uniform positions inside the canvas."""
    check_uniform(angle, -45, 45, error=0.3)
    check_uniform(scale, 0.7, 1.2, error=0.005)
    free = size - scale[:, None] * [WIDTH, HEIGHT]
    for axis in range(2):
        check_uniform(2 * shift[:, axis] / free[:, axis], -1, 1, error=0.02)
    check_independent(angle, scale, *(2 * shift / free).T)
