"""Cases of the spatial transformer and its head."""

import keras
import numpy as np

from keras_attn import SpatialTransformer, TransformationHead
from tests.conformance.case import LayerCase
from tests.oracles import spatial as oracle


def small_localization(filters=4):
    """A localization network small enough to compile quickly, and smooth."""
    return keras.Sequential(
        [
            keras.layers.Conv2D(
                filters, 3, strides=2, activation="tanh", data_format="channels_last", name="look"
            ),
            keras.layers.Flatten(data_format="channels_last", name="flatten"),
        ],
        name="localization",
    )


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


HEADS = [
    LayerCase(
        layer=TransformationHead,
        inputs={"features": (2, 5)},
        expected=lambda weights, features: (
            regressed(weights, features, "").reshape(2, 2, 3) + np.eye(2, 3)
        ),
        refuses=(
            {"transformation": "spline"},
            {"axes": 4},
            {"heads": 0},
            {"start": "middle"},
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
            {"heads": 0},
            {"start": "middle"},
            {"max_shift": 0.0},
            {"scale_range": (0.5, 2.0), "transformation": "affine"},
            {"projection": False},
            {"localization": "cnn"},
            {"heads": True},
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
            "heads": 2,
            "start": "tiling",
            "data_format": "channels_last",
        },
        inputs={"feature_map": (2, 4, 6, 1)},
        expected=tiles_by_hand,
    ),
]

for transformation, options in {
    "attention": {"scale_range": (0.5, 1.0), "max_shift": 0.5},
    "similarity": {"scale_range": (0.5, 2.0), "padding_mode": "border"},
    "projective": {"heads": 2, "start": "tiling"},
    "thin_plate_spline": {"control_points": (2, 3), "max_shift": 0.3},
}.items():
    TRANSFORMERS.append(
        LayerCase(
            layer=SpatialTransformer,
            name=transformation,
            arguments={
                "localization": small_localization(),
                "transformation": transformation,
                "data_format": "channels_last",
                **options,
            },
            inputs={"feature_map": (2, 7, 6, 2)},
            call={"return_transformation": True},
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
