"""Cases of the spatial transformer and its head."""

import keras
import numpy as np

from keras_attn import SpatialTransformer, TransformationHead
from tests.conformance.case import LayerCase
from tests.oracles.spatial_models import convolutional_features, over_batch, pixels, transformer


def flatten():
    return keras.layers.Flatten(data_format="channels_last", name="localization")


def regressed(weights, feature_map, prefix="transformation/"):
    """Parameters by hand, of a localization network that only flattens."""
    kernel, bias = weights[prefix + "parameters/kernel"], weights[prefix + "parameters/bias"]
    features = feature_map.reshape(len(feature_map), -1).astype("float64")
    return features @ kernel + bias


LAYERS = {
    "1_loc": "localization/convolution_1",
    "2_loc": "localization/convolution_2",
    "3_loc": "localization/features",
    "_θ": "transformation/parameters",
}


def computed(features=pixels, outputs=3, **options):
    """Returns the independent computation of a spatial transformer.

    Args:
        features: Function of symbols and image, the localization network.
        outputs: Number of results: the warped map, theta, the grid.
        **options: Arguments of `transformer`.
    """

    def expected(weights, feature_map):
        p = {}
        for name, path in LAYERS.items():
            if f"{path}/kernel" in weights:
                kernel = weights[f"{path}/kernel"]
                symbols = "Kk" if kernel.ndim > 2 else "Wb"
                p[f"{symbols[0]}{name}"], p[f"{symbols[1]}{name}"] = kernel, weights[f"{path}/bias"]
        return over_batch(transformer)(p, feature_map, features=features, **options)[:outputs]

    return expected


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
        expected=computed(convolutional_features, outputs=1, size=(5, 6)),
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
        expected=computed(size=(3, 5)),
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
        expected=computed(
            outputs=1,
            size=(4, 3),
            transformation="translation",
            num_heads=2,
            initialization="tiling",
        ),
    ),
]

for transformation, options in (
    ("attention", {"scale_range": (0.5, 1.0), "max_shift": 0.5}),
    ("similarity", {"scale_range": (0.5, 2.0), "padding_mode": "border"}),
    ("projective", {"num_heads": 2, "initialization": "tiling"}),
    ("thin_plate_spline", {"control_points": (2, 3), "max_shift": 0.3}),
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
            expected=computed(transformation=transformation, **options),
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
        expected=computed(None, transformation="flow", max_shift=0.5),
        float32=(1, 2),
    ),
    LayerCase(
        layer=SpatialTransformer,
        name="volume",
        arguments={"output_size": 4, "data_format": "channels_last"},
        inputs={"feature_map": (2, 5, 6, 7, 1)},
        expected=computed(convolutional_features, outputs=1, size=(4, 4, 4)),
        no_half=dict.fromkeys(("tensorflow", "torch"), "no AveragePooling3D in half on the CPU"),
        channels_first={"feature_map": 1, 0: 1},
    ),
]
