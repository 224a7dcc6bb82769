"""Attention as Keras layers."""

from keras_attn.layers.adaptive_attention import AdaptiveAttention
from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.layers.attention_decoder import AttentionDecoder
from keras_attn.layers.bahdanau_attention import BahdanauAttention
from keras_attn.layers.content_attention import ContentAttention
from keras_attn.layers.coverage_attention import CoverageAttention
from keras_attn.layers.dnc_cell import DNCCell
from keras_attn.layers.draw_read import DRAWRead
from keras_attn.layers.draw_write import DRAWWrite
from keras_attn.layers.grid_generator import GridGenerator
from keras_attn.layers.grid_sampler import GridSampler
from keras_attn.layers.hard_attention import HardAttention
from keras_attn.layers.local_attention import LocalAttention
from keras_attn.layers.location_attention import LocationAttention
from keras_attn.layers.luong_attention import LuongAttention
from keras_attn.layers.mann_cell import MANNCell
from keras_attn.layers.memory_rnn import MemoryRNN
from keras_attn.layers.monotonic_attention import MonotonicAttention
from keras_attn.layers.ntm import NTM
from keras_attn.layers.ntm_cell import NTMCell
from keras_attn.layers.semantic_attention import SemanticAttention
from keras_attn.layers.sentinel_lstm_cell import SentinelLSTMCell
from keras_attn.layers.spatial_channel_attention import SpatialChannelAttention
from keras_attn.layers.spatial_transformer import SpatialTransformer
from keras_attn.layers.transformation_head import TransformationHead
from keras_attn.layers.visual_attention import VisualAttention
from keras_attn.layers.whole_image_read import WholeImageRead
from keras_attn.layers.whole_image_write import WholeImageWrite

__all__ = [
    "NTM",
    "AdaptiveAttention",
    "AlignmentAttention",
    "AttentionDecoder",
    "BahdanauAttention",
    "ContentAttention",
    "CoverageAttention",
    "DNCCell",
    "DRAWRead",
    "DRAWWrite",
    "GridGenerator",
    "GridSampler",
    "HardAttention",
    "LocalAttention",
    "LocationAttention",
    "LuongAttention",
    "MANNCell",
    "MemoryRNN",
    "MonotonicAttention",
    "NTMCell",
    "SemanticAttention",
    "SentinelLSTMCell",
    "SpatialChannelAttention",
    "SpatialTransformer",
    "TransformationHead",
    "VisualAttention",
    "WholeImageRead",
    "WholeImageWrite",
]
