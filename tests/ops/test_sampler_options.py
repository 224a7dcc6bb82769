"""The sampler under every combination of its options: on pixels, between them and outside."""

import itertools

import numpy as np
import pytest
from keras import ops

from keras_attn.ops import grid_sample
from keras_attn.ops.grid_sample import plain_grid_sample
from keras_attn.ops.interpolation import INTERPOLATIONS, PADDING_MODES
from tests.backend import BACKEND
from tests.ops.functions import numpy_call
from tests.oracles.sampling import centre, sample

# By `align_corners`: at these sizes float32 holds the coordinates of pixels, and of the middles
# between them, exactly.
IMAGES = {False: [(4, 2), (1, 4), (1, 1)], True: [(3, 5), (5, 1), (1, 1)]}
VOLUMES = {False: [(4, 1, 2)], True: [(2, 3, 5)]}
COMBINATIONS = [
    pytest.param(sizes, *options, antialias, id="-".join(map(str, (name, *options, antialias))))
    for name, sizes in (("image", IMAGES), ("volume", VOLUMES))
    for options in itertools.product(INTERPOLATIONS, PADDING_MODES, (False, True))
    for antialias in (False, True)
    if not antialias or (options[0] == "bilinear" and name == "image")
    if options[0] != "bicubic" or name == "image"
]


def every_half(size):
    """Positions of pixels and of the middles between them, some more, and far outside."""
    return [*np.arange(-2, size + 1.5, 0.5), 0.2, size - 0.7, -1.2, size + 0.4, -1e4, 1e4]


def few(size):
    """Positions of the first and the last pixel, of their outer edges, between and outside."""
    return [0, size - 1, -0.5, size - 0.5, 0.3 * size, -1.5]


def lattice(generator, sizes, align_corners):
    """A grid of all combinations of positions along the axes, each in random order."""
    positions = every_half if len(sizes) == 2 else few
    axes = []
    for size in sizes:
        # The places of an axis of one pixel are the same with `align_corners=True`.
        points = [centre(p, size, align_corners) if size > 1 else p for p in positions(size)]
        axes.append(generator.permutation(points))
    return np.stack(np.meshgrid(*axes, indexing="ij")[::-1], axis=-1).astype("float32")


def batch_of_one(tensor):
    return ops.expand_dims(tensor, 0)


@pytest.mark.parametrize(
    ("sizes", "interpolation", "padding_mode", "align_corners", "antialias"), COMBINATIONS
)
def test_equals_the_loops(generator, sizes, interpolation, padding_mode, align_corners, antialias):
    options = (interpolation, padding_mode, align_corners)
    arrays = []
    # TensorFlow compiles each size. Images of one pixel run through the same code on JAX.
    for size in sizes[align_corners][: 1 if BACKEND == "tensorflow" else None]:
        image = generator.normal(size=(*size, 2)).astype("float32")
        arrays += [image, lattice(generator, size, align_corners)]
    # The heads of the first image: its grid, and one with the axes in the other order.
    image, grid = arrays[:2]
    heads = np.stack([grid, np.roll(grid[..., ::-1], 1, axis=-2)])

    def function(heads, *tensors):
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        last = [
            grid_sample(*map(batch_of_one, pair), *options, "channels_last", antialias)[0]
            for pair in pairs
        ]
        pair = ops.moveaxis(tensors[0], -1, 0), heads
        first = grid_sample(*map(batch_of_one, pair), *options, "channels_first", antialias)[0]
        return [ops.moveaxis(first, 1, -1), *last]

    expected = [
        sample(image, grid, *options, antialias)
        for image, grid in ((image, heads), *zip(arrays[::2], arrays[1::2], strict=True))
    ]
    for sampled, wanted in zip(numpy_call(function, heads, *arrays), expected, strict=True):
        np.testing.assert_allclose(sampled, wanted, atol=1e-5)
    if BACKEND == "torch" and not antialias:
        # PyTorch samples by its own operation, the others by the taps of the plain path.
        plain = numpy_call(
            lambda *pair: plain_grid_sample(*map(batch_of_one, pair), *options)[0], *arrays[:2]
        )
        np.testing.assert_allclose(plain, expected[1], atol=1e-5)
