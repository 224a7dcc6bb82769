"""The classic attention models as Keras 3 layers."""

from keras_attn import applications, datasets, ops, visualization
from keras_attn.layers import (
    GridGenerator,
    GridSampler,
    SpatialTransformer,
    TransformationHead,
)

__version__ = "0.1.0"

__all__ = [
    "GridGenerator",
    "GridSampler",
    "SpatialTransformer",
    "TransformationHead",
    "applications",
    "datasets",
    "ops",
    "visualization",
]
