"""Matrices of transformation parameters: identities, limits and rotations."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_attn.ops import transformation_matrix
from keras_attn.ops.transformation import PARAMETERS
from tests.backend import BACKEND, TRAINS, gradients, to_numpy
from tests.ops.functions import numpy_call
from tests.oracles.transformations import matrices

FAMILIES = [(name, num_spatial_dims) for name in PARAMETERS for num_spatial_dims in (2, 3)]


@pytest.mark.parametrize(("name", "num_spatial_dims"), FAMILIES)
def test_parameters_of_zero_are_exactly_the_identity(name, num_spatial_dims):
    zero = np.zeros((2, 3, PARAMETERS[name][num_spatial_dims]), "float32")
    theta = to_numpy(transformation_matrix(zero, name, num_spatial_dims))
    rows = num_spatial_dims + 1 if name == "projective" else num_spatial_dims
    assert (
        theta
        == np.broadcast_to(np.eye(rows, num_spatial_dims + 1), (2, 3, rows, num_spatial_dims + 1))
    ).all()


@pytest.mark.skipif(not TRAINS, reason="no gradients")
@pytest.mark.parametrize(("name", "num_spatial_dims"), FAMILIES)
@pytest.mark.parametrize("limited", [False, True])
def test_every_parameter_moves_the_identity(name, num_spatial_dims, limited):
    zero = np.zeros((1, PARAMETERS[name][num_spatial_dims]), "float32")
    limits = {"max_shift": 0.5} if limited else {}
    if limited and name in ("attention", "similarity"):
        limits["scale_range"] = (0.5, 2.0)
    weights = (
        np.random.default_rng(3)
        .normal(size=(num_spatial_dims + 1, num_spatial_dims + 1))
        .astype("float32")
    )

    def offset(parameters):
        theta = transformation_matrix(parameters, name, num_spatial_dims, **limits)
        return theta * ops.convert_to_tensor(weights[: theta.shape[-2]]) + 1.0

    (gradient,), _ = gradients(offset, [zero])
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient) > 1e-3).all()


@pytest.mark.skipif(not TRAINS, reason="no gradients")
@pytest.mark.parametrize("scale_range", [(0.5, 1.0), (1.0, 2.0), (0.5, 2.0)])
def test_scale_can_leave_a_start_on_its_limit(scale_range):
    (gradient,), _ = gradients(
        lambda p: transformation_matrix(p, "attention", 2, scale_range),
        [np.zeros((1, 3), "float32")],
    )
    # The sum of squares has a slope of 2 for each of the two entries of the scale.
    np.testing.assert_allclose(gradient[0, 0], 4.0, rtol=1e-5)


def test_matrices_in_the_plane():
    def theta(values, name):
        return to_numpy(transformation_matrix(np.array(values, "float32"), name))

    np.testing.assert_allclose(theta([0.5, -1], "translation"), [[1, 0, 0.5], [0, 1, -1]])
    np.testing.assert_allclose(
        theta([np.log(2), 0.5, -1], "attention"), [[2, 0, 0.5], [0, 2, -1]], rtol=1e-6
    )
    np.testing.assert_allclose(
        theta([np.log(2), np.pi / 2, 0.5, -1], "similarity"),
        [[0, -2, 0.5], [2, 0, -1]],
        atol=1e-6,
    )
    np.testing.assert_allclose(theta([1, 2, 3, 4, 5, 6], "affine"), [[2, 2, 3], [4, 6, 6]])
    np.testing.assert_allclose(
        theta([1, 2, 3, 4, 5, 6, 7, 8], "projective"), [[2, 2, 3], [4, 6, 6], [7, 8, 1]]
    )


@pytest.mark.parametrize(("name", "num_spatial_dims"), FAMILIES)
def test_limited_matrices_are_those_of_the_loops(generator, name, num_spatial_dims):
    # Small numbers, and numbers so large that they meet every limit.
    parameters = generator.normal(size=(3, 4, PARAMETERS[name][num_spatial_dims]))
    parameters = (parameters * np.array([0.1, 1.0, 5.0])[:, None, None]).astype("float32")
    limits = [{}, {"max_shift": 0.3}, {"max_shift": 2.0}]
    if name in ("attention", "similarity"):
        limits += [
            {"scale_range": scale_range, "max_shift": max_shift}
            for scale_range in ((0.5, 1.0), (1.0, 2.0), (0.7, 3.0), (1.0, 1.0))
            for max_shift in (None, 0.3)
        ]
    found = numpy_call(
        lambda tensor: [
            transformation_matrix(tensor, name, num_spatial_dims, **each) for each in limits
        ],
        parameters,
    )
    for theta, each in zip(found, limits, strict=True):
        expected = matrices(parameters, name, num_spatial_dims, **each)
        np.testing.assert_allclose(theta, expected, rtol=1e-4, atol=1e-5)


def test_rotation_in_space_is_a_rotation(generator):
    parameters = generator.normal(size=(4, 7)).astype("float32")
    parameters[:, 0] = 0.0
    rotation = to_numpy(transformation_matrix(parameters, "similarity", 3))[..., :3]
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (4, 1, 1)), atol=1e-5
    )
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0, rtol=1e-5)
    axis = parameters[:, 1:4]
    np.testing.assert_allclose((rotation @ axis[..., None])[..., 0], axis, rtol=1e-4, atol=1e-5)
    angle = 2 * np.arctan(np.linalg.norm(axis, axis=1))
    np.testing.assert_allclose(
        np.trace(rotation, axis1=1, axis2=2), 1 + 2 * np.cos(angle), atol=1e-5
    )


def test_quarter_turn_about_z_turns_x_to_y():
    parameters = np.array([0, 0, 0, 1, 0, 0, 0], "float32")
    theta = to_numpy(transformation_matrix(parameters, "similarity", 3))
    np.testing.assert_allclose(theta[:, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["attention", "similarity"])
@pytest.mark.parametrize("scale_range", [(0.5, 1.5), (1, 2), (0.25, 1), (1, 1)])
def test_limits_hold_however_large_the_parameters(generator, name, scale_range):
    parameters = 50 * generator.normal(size=(100, PARAMETERS[name][2])).astype("float32")
    theta = to_numpy(transformation_matrix(parameters, name, 2, scale_range, max_shift=0.3))
    scale = np.sqrt(np.abs(np.linalg.det(theta[:, :, :2])))
    assert (scale >= scale_range[0] - 1e-4).all()
    assert (scale <= scale_range[1] + 1e-4).all()
    assert (np.abs(theta[..., -1]) <= 0.3 + 1e-6).all()


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"transformation": "shear"}, "transformation"),
        ({"num_spatial_dims": 4}, "num_spatial_dims"),
        ({"scale_range": (0.5, 2)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (1.5, 2)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (0, 2)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (0.5,)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (0.2, 0.5)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (0.5, np.inf)}, "scale_range"),
        ({"transformation": "attention", "scale_range": (0.5, 1, 2)}, "scale_range"),
        ({"transformation": "similarity", "scale_range": ("0.5", 2)}, "scale_range"),
        ({"transformation": "similarity", "scale_range": 0.5}, "scale_range"),
        ({"transformation": "projective", "scale_range": (0.5, 2)}, "scale_range"),
        ({"transformation": "translation", "scale_range": (0.5, 2)}, "scale_range"),
        ({"num_spatial_dims": 1}, "num_spatial_dims"),
        ({"max_shift": -1.0}, "max_shift"),
        ({"max_shift": float("inf")}, "max_shift"),
        ({"max_shift": 0.0}, "max_shift"),
        ({"max_shift": float("nan")}, "max_shift"),
        ({"transformation": "projective"}, "parameters"),
        ({"num_spatial_dims": 3}, "parameters"),
    ],
)
def test_bad_arguments_are_named(arguments, argument):
    with pytest.raises(ValueError, match=f"`{argument}`"):
        transformation_matrix(np.zeros((2, 6), "float32"), **arguments)


def test_parameters_have_an_axis():
    with pytest.raises(ValueError, match="`parameters` must hold 2 numbers"):
        transformation_matrix(np.float32(1.0), "translation")


@pytest.mark.skipif(BACKEND == "jax", reason="no arithmetic of arrays and symbolic tensors")
@pytest.mark.parametrize(("name", "num_spatial_dims"), FAMILIES)
def test_leading_axes_may_be_symbolic(name, num_spatial_dims):
    parameters = keras.KerasTensor((None, 4, PARAMETERS[name][num_spatial_dims]))
    theta = transformation_matrix(parameters, name, num_spatial_dims, max_shift=0.5)
    rows = num_spatial_dims + (name == "projective")
    assert theta.shape == (None, 4, rows, num_spatial_dims + 1)
