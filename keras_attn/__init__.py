"""The classic attention models as Keras 3 layers."""

from keras_attn import applications, datasets, decoding, metrics, ops, visualization
from keras_attn.layers import (
    AdaptiveAttention,
    AlignmentAttention,
    AttentionDecoder,
    BahdanauAttention,
    ContentAttention,
    CoverageAttention,
    GridGenerator,
    GridSampler,
    HardAttention,
    LocalAttention,
    LocationAttention,
    LuongAttention,
    MonotonicAttention,
    SemanticAttention,
    SentinelLSTMCell,
    SpatialChannelAttention,
    SpatialTransformer,
    TransformationHead,
    VisualAttention,
)

__version__ = "0.1.0"

__all__ = [
    "AdaptiveAttention",
    "AlignmentAttention",
    "AttentionDecoder",
    "BahdanauAttention",
    "ContentAttention",
    "CoverageAttention",
    "GridGenerator",
    "GridSampler",
    "HardAttention",
    "LocalAttention",
    "LocationAttention",
    "LuongAttention",
    "MonotonicAttention",
    "SemanticAttention",
    "SentinelLSTMCell",
    "SpatialChannelAttention",
    "SpatialTransformer",
    "TransformationHead",
    "VisualAttention",
    "applications",
    "datasets",
    "decoding",
    "metrics",
    "ops",
    "visualization",
]
