"""The published systems as models."""

from keras_attn.applications.attention_summarizer import AttentionSummarizer
from keras_attn.applications.attribute_detector import AttributeDetector
from keras_attn.applications.autoencoder import Autoencoder
from keras_attn.applications.co_localizer import CoLocalizer
from keras_attn.applications.denoising_autoencoder import DenoisingAutoencoder
from keras_attn.applications.digit_sequence_classifier import DigitSequenceClassifier
from keras_attn.applications.draw import DRAW
from keras_attn.applications.draw_classifier import DRAWClassifier
from keras_attn.applications.encoder_decoder import EncoderDecoder
from keras_attn.applications.intersection_over_union import intersection_over_union
from keras_attn.applications.inverse_compositional_classifier import (
    InverseCompositionalClassifier,
)
from keras_attn.applications.luong_translator import LuongTranslator
from keras_attn.applications.neural_turing_machine import NeuralTuringMachine
from keras_attn.applications.rnn_search import RNNSearch
from keras_attn.applications.semantic_attention_captioner import SemanticAttentionCaptioner
from keras_attn.applications.show_and_tell import ShowAndTell
from keras_attn.applications.show_attend_tell import ShowAttendTell
from keras_attn.applications.spatial_transformer_addition import SpatialTransformerAddition
from keras_attn.applications.spatial_transformer_classifier import SpatialTransformerClassifier
from keras_attn.applications.stacked_lstm import StackedLSTM
from keras_attn.applications.variational_autoencoder import VariationalAutoencoder

__all__ = [
    "DRAW",
    "AttentionSummarizer",
    "AttributeDetector",
    "Autoencoder",
    "CoLocalizer",
    "DRAWClassifier",
    "DenoisingAutoencoder",
    "DigitSequenceClassifier",
    "EncoderDecoder",
    "InverseCompositionalClassifier",
    "LuongTranslator",
    "NeuralTuringMachine",
    "RNNSearch",
    "SemanticAttentionCaptioner",
    "ShowAndTell",
    "ShowAttendTell",
    "SpatialTransformerAddition",
    "SpatialTransformerClassifier",
    "StackedLSTM",
    "VariationalAutoencoder",
    "intersection_over_union",
]
