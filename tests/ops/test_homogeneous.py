"""Composition, inverses and tiles of transformation matrices."""

import numpy as np
import pytest

from keras_attn.ops import compose_transformations, invert_transformations, tile_transformations
from tests.backend import TRAINS, gradients, to_numpy
from tests.oracles import transformations as oracle

SHAPES = [(2, 3), (3, 4), (3, 3), (4, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_compose_applies_the_first_first(generator, shape):
    first, second = generator.normal(size=(2, 4, 3, *shape)).astype("float32")
    for other in (second, second[0, 0]):
        composed = to_numpy(compose_transformations(first, other))
        np.testing.assert_allclose(composed, oracle.product(first, other), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_invert_is_the_inverse_matrix(generator, shape):
    theta = (np.eye(*shape) + 0.3 * generator.normal(size=(5, 2, *shape))).astype("float32")
    found = to_numpy(invert_transformations(theta))
    np.testing.assert_allclose(found, oracle.inverse(theta), rtol=1e-3, atol=1e-3)


def test_reflections_have_inverses():
    mirror = np.array([[-1.0, 0.0, 0.5], [0.0, 2.0, 0.0]], "float32")
    np.testing.assert_allclose(
        to_numpy(invert_transformations(mirror)), [[-1, 0, 0.5], [0, 0.5, 0]], atol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("zoom", [1e-3, 5e-5, 1e4])
def test_far_zooms_have_inverses(shape, zoom):
    theta = zoom * np.eye(*shape, dtype="float32")
    theta[-1, -1] += 0.25 * zoom
    found = to_numpy(invert_transformations(theta))
    np.testing.assert_allclose(found, oracle.inverse(theta), rtol=1e-4)


def test_a_plane_of_very_unequal_scales_is_inverted_without_a_loss_of_precision():
    theta = np.array([[3.0, 0.0, 0.5], [0.0, 2e-7, 1e-7]], "float32")
    expected = [[1 / 3, 0.0, -0.5 / 3], [0.0, 5e6, -0.5]]
    np.testing.assert_allclose(to_numpy(invert_transformations(theta)), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_matrices_give_finite_values_and_gradients(shape):
    theta = np.zeros((2, *shape), "float32")
    assert np.isfinite(to_numpy(invert_transformations(theta))).all()
    if TRAINS:
        (gradient,), _ = gradients(lambda theta: invert_transformations(theta) * 1e-9, [theta])
        assert np.isfinite(gradient).all()


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match="`theta` must"):
        invert_transformations(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="`first` must"):
        compose_transformations(np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="`second` must"):
        compose_transformations(np.zeros((2, 3)), np.zeros((6,)))
    with pytest.raises(ValueError, match="`first` and `second` must be matrices of the same size"):
        compose_transformations(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="that broadcast to each other"):
        compose_transformations(np.zeros((2, 3, 2, 3)), np.zeros((3, 2, 2, 3)))


@pytest.mark.parametrize("leading", [((4, 1), (1, 3)), ((1,), (3,)), ((3,), (4, 1)), ((), (2, 2))])
def test_transformations_of_shapes_that_broadcast_are_composed(generator, leading):
    first, second = (generator.normal(size=(*each, 2, 3)).astype("float32") for each in leading)
    composed = to_numpy(compose_transformations(first, second))
    np.testing.assert_allclose(composed, oracle.product(first, second), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("heads", "counts"),
    [(1, (1, 1)), (4, (2, 2)), (5, (5, 1)), (6, (3, 2)), (8, (4, 2)), (12, (4, 3)), (7, (7, 1)),
     (5, (5, 1, 1)), (8, (2, 2, 2)), (12, (3, 2, 2)), (16, (4, 2, 2)), (30, (5, 3, 2))],
)  # fmt: skip
def test_tiles_stand_in_rows_from_the_top_left(heads, counts):
    """`counts` are the numbers of tiles along x, y and z; x runs fastest."""
    tiles = tile_transformations(heads, len(counts))
    for index, tile in enumerate(tiles):
        expected = np.zeros((len(counts), len(counts) + 1))
        for axis, count in enumerate(counts):
            place, index = index % count, index // count
            expected[axis, axis], expected[axis, -1] = 1 / count, (2 * place + 1) / count - 1
        np.testing.assert_allclose(tile, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("heads", "axes"), [(1, 2), (2, 2), (4, 2), (5, 2), (6, 2), (8, 3), (12, 3)]
)
def test_tiles_cover_the_image_once(heads, axes):
    tiles = tile_transformations(heads, axes)
    assert tiles.shape == (heads, axes, axes + 1)
    scale = np.diagonal(tiles[..., :-1], axis1=1, axis2=2)
    shift = tiles[..., -1]
    assert (np.abs(shift) + scale <= 1 + 1e-9).all()
    np.testing.assert_allclose(scale.prod(1).sum(), 1.0)
    # No two tiles overlap: their centres are at least a width apart along some axis.
    apart = np.abs(shift[:, None] - shift) >= 2 * scale - 1e-9
    assert (apart.any(-1) | np.eye(heads, dtype=bool)).all()


def test_tiles_are_as_square_as_they_can_be():
    assert np.unique(tile_transformations(6)[:, 0, 0]).tolist() == [1 / 3]
    assert np.unique(tile_transformations(6)[:, 1, 1]).tolist() == [1 / 2]


@pytest.mark.parametrize("heads", [0, -1, 2.5, "4", True, None])
def test_bad_heads_are_refused(heads):
    with pytest.raises(ValueError, match="`num_heads`"):
        tile_transformations(heads)
