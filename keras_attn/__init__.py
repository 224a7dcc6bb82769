"""The classic attention models as Keras 3 layers."""

from keras_attn import applications, datasets, ops, visualization
from keras_attn.layers import (
    AlignmentAttention,
    BahdanauAttention,
    ContentAttention,
    GridGenerator,
    GridSampler,
    LocationAttention,
    LuongAttention,
    SpatialTransformer,
    TransformationHead,
)

__version__ = "0.1.0"

__all__ = [
    "AlignmentAttention",
    "BahdanauAttention",
    "ContentAttention",
    "GridGenerator",
    "GridSampler",
    "LocationAttention",
    "LuongAttention",
    "SpatialTransformer",
    "TransformationHead",
    "applications",
    "datasets",
    "ops",
    "visualization",
]
