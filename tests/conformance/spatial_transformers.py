"""Cases of the spatial transformer and its head."""

import keras
import numpy as np

from keras_attn import SpatialTransformer, TransformationHead
from tests.conformance.case import LayerCase
from tests.oracles import spatial as oracle


def flatten():
    return keras.layers.Flatten(data_format="channels_last", name="localization")


def regressed(weights, feature_map, prefix="transformation/"):
    """Parameters by hand, of a localization network that only flattens."""
    kernel, bias = weights[prefix + "parameters/kernel"], weights[prefix + "parameters/bias"]
    features = feature_map.reshape(len(feature_map), -1).astype("float64")
    return features @ kernel + bias


def affine_by_hand(weights, feature_map):
    theta = regressed(weights, feature_map).reshape(-1, 2, 3) + np.eye(2, 3)
    grid = oracle.matrix_grid(theta, (3, 5))
    return oracle.sample_batch(feature_map, grid), theta, grid


def tiles_by_hand(weights, feature_map):
    """Two heads that start at the left and the right half, and move in units of their tile."""
    shift = regressed(weights, feature_map).reshape(-1, 2, 2)
    theta = np.zeros((len(feature_map), 2, 2, 3))
    for head, middle in enumerate((-0.5, 0.5)):
        theta[:, head, 0, 0], theta[:, head, 1, 1] = 0.5, 1.0
        theta[:, head, 0, 2] = 0.5 * shift[:, head, 0] + middle
        theta[:, head, 1, 2] = shift[:, head, 1]
    return oracle.sample_batch(feature_map, oracle.matrix_grid(theta, (4, 3)))


def bounded(value, limit):
    return limit * np.tanh(value / limit)


def attention_by_hand(weights, feature_map):
    """Scales from a half to one, shifts of at most a half."""
    log_scale, *shift = regressed(weights, feature_map).T
    scale = np.exp(np.where(log_scale < 0, bounded(log_scale, np.log(2.0)), 0.0))
    x, y = (bounded(each, 0.5) for each in shift)
    theta = np.stack([[[s, 0, a], [0, s, b]] for s, a, b in zip(scale, x, y, strict=True)])
    return looked_at(feature_map, theta, oracle.matrix_grid(theta, (7, 6)))


def similarity_by_hand(weights, feature_map):
    """Scales from a half to two; the border continues outwards."""
    theta = []
    for log_scale, angle, x, y in regressed(weights, feature_map):
        scale = np.exp(bounded(log_scale, np.log(2.0)))
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        theta.append([[cosine, -sine, x], [sine, cosine, y]])
    theta = np.array(theta)
    grid = oracle.matrix_grid(theta, (7, 6))
    return looked_at(feature_map, theta, grid, padding_mode="border")


def projective_by_hand(weights, feature_map):
    """Two heads, each within its half of the image."""
    free = regressed(weights, feature_map).reshape(-1, 2, 8)
    theta = np.eye(3) + np.concatenate([free, np.zeros((len(free), 2, 1))], -1).reshape(-1, 2, 3, 3)
    tiles = np.stack([[[0.5, 0, x], [0, 1, 0], [0, 0, 1]] for x in (-0.5, 0.5)])
    theta = tiles @ theta
    return looked_at(feature_map, theta, oracle.matrix_grid(theta, (7, 6)))


def spline_by_hand(weights, feature_map):
    """Two rows and three columns of control points, displaced by at most 0.3."""
    displacement = bounded(regressed(weights, feature_map), 0.3).reshape(-1, 6, 2)
    grid = oracle.spline_grid(displacement, (7, 6), (2, 3))
    return looked_at(feature_map, displacement, grid)


def looked_at(feature_map, theta, grid, **options):
    return oracle.sample_batch(feature_map, grid, **options), theta, grid


HEADS = [
    LayerCase(
        layer=TransformationHead,
        inputs={"features": (2, 5)},
        expected=lambda weights, features: (
            regressed(weights, features, "").reshape(2, 2, 3) + np.eye(2, 3)
        ),
        refuses=(
            {"transformation": "spline"},
            {"num_spatial_dims": 4},
            {"num_heads": 0},
            {"initialization": "middle"},
            {"max_shift": -1.0},
            {"transformation": "attention", "scale_range": (2.0, 0.5)},
        ),
        refuses_inputs=(),
        float32=(0,),
        nasty={"zeros": {"features": np.zeros((2, 5), "float32")}},
    ),
    LayerCase(
        layer=TransformationHead,
        name="parameters-as-they-are",
        arguments={"transformation": "translation", "projection": False},
        inputs={"features": (2, 2)},
        expected=lambda weights, features: np.stack([[[1, 0, x], [0, 1, y]] for x, y in features]),
        refuses_inputs=({"features": (2, 3)},),
        float32=(0,),
    ),
]

TRANSFORMERS = [
    LayerCase(
        layer=SpatialTransformer,
        arguments={"output_size": (5, 6), "data_format": "channels_last"},
        inputs={"feature_map": (2, 9, 8, 3)},
        channels_first={"feature_map": 1, 0: 1},
        refuses=(
            {"transformation": "spline"},
            {"output_size": (0, 4)},
            {"num_heads": 0},
            {"initialization": "middle"},
            {"max_shift": 0.0},
            {"scale_range": (0.5, 2.0), "transformation": "affine"},
            {"projection": False},
            {"localization": "cnn"},
            {"num_heads": True},
            {"max_shift": "far"},
            {"scale_range": 0.5, "transformation": "attention"},
            {"interpolation": "cubic"},
            {"padding_mode": "wrap"},
            {"data_format": "channels_middle"},
        ),
        refuses_inputs=({"feature_map": (2, 9)}, {"feature_map": (2, 9, 8)}),
        nasty={
            "one pixel": {"feature_map": (2, 1, 1, 3)},
            "black": {"feature_map": np.zeros((2, 9, 8, 3), "float32")},
            "bright": {"feature_map": np.full((2, 9, 8, 3), 255.0, "float32")},
        },
    ),
    LayerCase(
        layer=SpatialTransformer,
        name="by-hand",
        arguments={
            "localization": flatten(),
            "output_size": (3, 5),
            "data_format": "channels_last",
        },
        inputs={"feature_map": (2, 4, 4, 2)},
        call={"return_transformation": True},
        expected=affine_by_hand,
        float32=(1, 2),
    ),
    LayerCase(
        layer=SpatialTransformer,
        name="tiled-translations",
        arguments={
            "localization": flatten(),
            "output_size": (4, 3),
            "transformation": "translation",
            "num_heads": 2,
            "initialization": "tiling",
            "data_format": "channels_last",
        },
        inputs={"feature_map": (2, 4, 6, 1)},
        expected=tiles_by_hand,
    ),
]

for transformation, expected, options in (
    ("attention", attention_by_hand, {"scale_range": (0.5, 1.0), "max_shift": 0.5}),
    ("similarity", similarity_by_hand, {"scale_range": (0.5, 2.0), "padding_mode": "border"}),
    ("projective", projective_by_hand, {"num_heads": 2, "initialization": "tiling"}),
    ("thin_plate_spline", spline_by_hand, {"control_points": (2, 3), "max_shift": 0.3}),
):
    TRANSFORMERS.append(
        LayerCase(
            layer=SpatialTransformer,
            name=transformation,
            arguments={
                "localization": flatten(),
                "transformation": transformation,
                "data_format": "channels_last",
                **options,
            },
            inputs={"feature_map": (2, 7, 6, 2)},
            call={"return_transformation": True},
            expected=expected,
            float32=(1, 2),
        )
    )

TRANSFORMERS += [
    LayerCase(
        layer=SpatialTransformer,
        name="flow",
        arguments={"transformation": "flow", "max_shift": 0.5, "data_format": "channels_last"},
        inputs={"feature_map": (2, 8, 7, 2)},
        call={"return_transformation": True},
        float32=(1, 2),
    ),
    LayerCase(
        layer=SpatialTransformer,
        name="volume",
        arguments={"output_size": 4, "data_format": "channels_last"},
        inputs={"feature_map": (2, 5, 6, 7, 1)},
        no_half=dict.fromkeys(("tensorflow", "torch"), "no AveragePooling3D in half on the CPU"),
        channels_first={"feature_map": 1, 0: 1},
    ),
]
