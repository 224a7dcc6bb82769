"""Pictures of where a model looks and of what it learned, and the callback that draws them."""

from keras_attn.visualization.comparison import plot_errors, plot_learning_curves
from keras_attn.visualization.spatial_transformer import plot_spatial_transformer
from keras_attn.visualization.spatial_transformer_pictures import SpatialTransformerPictures

__all__ = [
    "SpatialTransformerPictures",
    "plot_errors",
    "plot_learning_curves",
    "plot_spatial_transformer",
]
