"""The published systems as models."""

from keras_attn.applications.co_localizer import CoLocalizer
from keras_attn.applications.digit_sequence_classifier import DigitSequenceClassifier
from keras_attn.applications.intersection_over_union import intersection_over_union
from keras_attn.applications.inverse_compositional_classifier import (
    InverseCompositionalClassifier,
)
from keras_attn.applications.spatial_transformer_addition import SpatialTransformerAddition
from keras_attn.applications.spatial_transformer_classifier import SpatialTransformerClassifier

__all__ = [
    "CoLocalizer",
    "DigitSequenceClassifier",
    "InverseCompositionalClassifier",
    "SpatialTransformerAddition",
    "SpatialTransformerClassifier",
    "intersection_over_union",
]
