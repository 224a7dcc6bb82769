"""Attention as Keras layers."""

from keras_attn.layers.grid_generator import GridGenerator
from keras_attn.layers.grid_sampler import GridSampler
from keras_attn.layers.spatial_transformer import SpatialTransformer
from keras_attn.layers.transformation_head import TransformationHead

__all__ = ["GridGenerator", "GridSampler", "SpatialTransformer", "TransformationHead"]
