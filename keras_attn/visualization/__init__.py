"""Pictures of where a model looks and of what it learned, and callbacks that draw them."""

from keras_attn.visualization.alignment import plot_alignment
from keras_attn.visualization.alignment_page import alignment_page
from keras_attn.visualization.by_length import plot_by_length
from keras_attn.visualization.canvas_animation import animate_canvases
from keras_attn.visualization.canvases import plot_canvases, plot_images
from keras_attn.visualization.caption import plot_caption
from keras_attn.visualization.caption_animation import animate_caption
from keras_attn.visualization.caption_page import caption_page
from keras_attn.visualization.caption_pictures import CaptionPictures
from keras_attn.visualization.comparison import plot_errors, plot_learning_curves
from keras_attn.visualization.memory_animation import animate_memory
from keras_attn.visualization.memory_pictures import MemoryPictures
from keras_attn.visualization.memory_use import plot_memory_use
from keras_attn.visualization.sequence_task import plot_sequence_task
from keras_attn.visualization.spatial_transformer import plot_spatial_transformer
from keras_attn.visualization.spatial_transformer_pictures import SpatialTransformerPictures

__all__ = [
    "CaptionPictures",
    "MemoryPictures",
    "SpatialTransformerPictures",
    "alignment_page",
    "animate_canvases",
    "animate_caption",
    "animate_memory",
    "caption_page",
    "plot_alignment",
    "plot_by_length",
    "plot_canvases",
    "plot_caption",
    "plot_errors",
    "plot_images",
    "plot_learning_curves",
    "plot_memory_use",
    "plot_sequence_task",
    "plot_spatial_transformer",
]
