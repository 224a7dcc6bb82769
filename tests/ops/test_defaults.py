"""Default values of optional arguments of all ops."""

import inspect

import pytest

from keras_attn import ops
from tests.fuzz.operations import OPS

pytestmark = pytest.mark.once

DEFAULTS = {
    "dot_scores": {"scale": False},
    "content_scores": {"strength": 1.0},
    "attention_weights": {"mask": None},
    "coverage_loss": {"query_mask": None},
    "doubly_stochastic_loss": {"query_mask": None, "target": 1.0, "reduction": "sum"},
    "semantic_sparsity_loss": {"query_mask": None, "p": 2.0, "q": 0.5},
    "reinforce_loss": {"baseline": 0.0, "entropy": None, "entropy_weight": 0.0},
    "gaussian_filters": {"padding_mode": "border"},
    "grid_sample": {
        "interpolation": "bilinear", "padding_mode": "zeros", "align_corners": False,
        "data_format": None, "antialias": False,
    },
    "identity_grid": {"align_corners": False, "dtype": None},
    "affine_grid": {"align_corners": False},
    "projective_grid": {"align_corners": False},
    "flow_grid": {"align_corners": False},
    "thin_plate_spline_grid": {"control_points": (4, 4), "align_corners": False},
    "tile_transformations": {"num_spatial_dims": 2},
    "transformation_matrix": {
        "transformation": "affine", "num_spatial_dims": 2, "scale_range": None, "max_shift": None,
    },
    "least_used_weights": {"count": 1},
    "monotonic_weights": {"mode": "recursive"},
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_defaults_are_those_of_the_documentation(name):
    parameters = inspect.signature(getattr(ops, name)).parameters.values()
    found = {each.name: each.default for each in parameters if each.default != each.empty}
    assert found == DEFAULTS.get(name, {})
