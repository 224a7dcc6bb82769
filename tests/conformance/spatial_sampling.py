"""Cases of the grid generator and the sampler."""

import numpy as np

from keras_attn import GridGenerator, GridSampler
from tests.conformance.case import LayerCase
from tests.oracles import transformations as oracle
from tests.oracles.sampling import sample_batch


def near_identity(*leading, rows=2, columns=3):
    """Returns the identity plus uniform noise."""
    generator = np.random.default_rng(1)
    noise = generator.uniform(-0.3, 0.3, size=(*leading, rows, columns))
    return (np.eye(rows, columns) + noise).astype("float32")


def uniform(*shape, low=-1.0, high=1.0):
    return np.random.default_rng(2).uniform(low, high, size=shape).astype("float32")


GENERATORS = [
    LayerCase(
        layer=GridGenerator,
        arguments={"output_size": (3, 4)},
        inputs={"theta": near_identity(2)},
        expected=lambda weights, theta: oracle.matrix_grid(theta, (3, 4)),
        refuses=(
            {"transformation": "spline"},
            {"output_size": (0, 4)},
            {"output_size": None},
            {"inverse": True, "transformation": "thin_plate_spline"},
            {"transformation": "thin_plate_spline", "control_points": (1, 4)},
        ),
        refuses_inputs=({"theta": (2, 5)}, {"theta": (2, 3, 3)}),
        float32=(0,),
        nasty={"zeros": {"theta": np.zeros((2, 2, 3), "float32")}},
    ),
    LayerCase(
        layer=GridGenerator,
        name="flat-inverse",
        arguments={"output_size": (3, 4), "inverse": True, "align_corners": True},
        inputs={"theta": near_identity(2).reshape(2, 6)},
        expected=lambda weights, theta: oracle.matrix_grid(
            oracle.inverse(theta.reshape(2, 2, 3)), (3, 4), align_corners=True
        ),
        float32=(0,),
    ),
    LayerCase(
        layer=GridGenerator,
        name="projective-heads",
        arguments={"transformation": "projective", "output_size": (3, 4)},
        inputs={"theta": near_identity(2, 3, rows=3)},
        expected=lambda weights, theta: oracle.matrix_grid(theta, (3, 4)),
        refuses_inputs=(
            {"theta": (2, 6)},
            {"theta": (2, 3)},
            {"theta": (2, 2, 3)},
            {"theta": (2, 3, 3, 2)},
            {"theta": (2, 1, 3, 3, 3)},
        ),
        float32=(0,),
        nasty={"zeros": {"theta": np.zeros((2, 3, 3), "float32")}},
    ),
    LayerCase(
        layer=GridGenerator,
        name="volume",
        arguments={"output_size": (2, 3, 4), "align_corners": True},
        inputs={"theta": near_identity(2, rows=3, columns=4)},
        expected=lambda weights, theta: oracle.matrix_grid(theta, (2, 3, 4), align_corners=True),
        float32=(0,),
    ),
    LayerCase(
        layer=GridGenerator,
        name="thin_plate_spline",
        arguments={
            "transformation": "thin_plate_spline",
            "output_size": (5, 4),
            "control_points": (3, 4),
        },
        inputs={"displacement": uniform(2, 12, 2, low=-0.3, high=0.3)},
        expected=lambda weights, displacement: oracle.spline_grid(displacement, (5, 4), (3, 4)),
        refuses_inputs=({"displacement": (2, 11, 2)}, {"displacement": (2, 23)}),
        float32=(0,),
    ),
    LayerCase(
        layer=GridGenerator,
        name="flow",
        arguments={"transformation": "flow"},
        inputs={"flow": uniform(2, 3, 4, 2)},
        expected=lambda weights, flow: oracle.regular_grid((3, 4)) + flow,
        refuses_inputs=({"flow": (2, 3, 2)}, {"flow": (2, 3, 4, 3)}, {"flow": (2, 3, 4, 4)}),
        refuses=({"output_size": (3, 4)},),
        float32=(0,),
    ),
]

SAMPLERS = [
    LayerCase(
        layer=GridSampler,
        arguments={"data_format": "channels_last"},
        inputs={"feature_map": (2, 5, 6, 3), "grid": uniform(2, 4, 3, 2, low=-1.5, high=1.5)},
        expected=lambda weights, feature_map, grid: sample_batch(feature_map, grid),
        refuses=(
            {"interpolation": "cubic"},
            {"padding_mode": "wrap"},
            {"data_format": "channels_middle"},
            {"interpolation": "nearest", "antialias": True},
        ),
        refuses_inputs=(
            {"grid": (3, 4, 3, 2)},
            {"grid": (2, 4, 3, 3)},
            {"grid": (2, 2)},
            {"feature_map": (2, 5)},
        ),
        variable={"feature_map": (1, 2), "grid": (1, 2)},
        channels_first={"feature_map": 1, 0: 1},
        nasty={
            "one pixel": {"feature_map": (2, 1, 1, 3)},
            "far outside": {"grid": np.full((2, 4, 3, 2), 1e9, "float32")},
            "not a number": {"grid": np.full((2, 4, 3, 2), np.nan, "float32")},
            "infinite": {"grid": np.full((2, 4, 3, 2), -np.inf, "float32")},
            "at the pixels": {"grid": np.stack([oracle.regular_grid((5, 6))] * 2)},
        },
    ),
    LayerCase(
        layer=GridSampler,
        name="heads-border",
        arguments={
            "padding_mode": "border",
            "align_corners": True,
            "data_format": "channels_last",
        },
        inputs={"feature_map": (2, 5, 6, 3), "grid": uniform(2, 3, 4, 3, 2, low=-1.5, high=1.5)},
        expected=lambda weights, feature_map, grid: sample_batch(
            feature_map, grid, padding_mode="border", align_corners=True
        ),
        channels_first={"feature_map": 1, 0: 2},
    ),
    LayerCase(
        layer=GridSampler,
        name="volume-nearest",
        arguments={"interpolation": "nearest", "data_format": "channels_last"},
        inputs={"feature_map": (2, 3, 4, 5, 2), "grid": uniform(2, 2, 3, 4, 3)},
        expected=lambda weights, feature_map, grid: sample_batch(
            feature_map, grid, interpolation="nearest"
        ),
        channels_first={"feature_map": 1, 0: 1},
    ),
    LayerCase(
        layer=GridSampler,
        name="bicubic-reflection",
        arguments={
            "interpolation": "bicubic",
            "padding_mode": "reflection",
            "data_format": "channels_last",
        },
        inputs={"feature_map": (2, 5, 6, 3), "grid": uniform(2, 4, 3, 2, low=-1.5, high=1.5)},
        expected=lambda weights, feature_map, grid: sample_batch(
            feature_map, grid, interpolation="bicubic", padding_mode="reflection"
        ),
        channels_first={"feature_map": 1, 0: 1},
    ),
    LayerCase(
        layer=GridSampler,
        name="antialias",
        arguments={"antialias": True, "data_format": "channels_last"},
        inputs={
            "feature_map": (2, 9, 8, 3),
            "grid": oracle.matrix_grid(near_identity(2), (3, 2)).astype("float32"),
        },
        expected=lambda weights, feature_map, grid: sample_batch(feature_map, grid, antialias=True),
        channels_first={"feature_map": 1, 0: 1},
    ),
]
