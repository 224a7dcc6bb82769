"""Losses of sequence models."""

from keras_attn.losses.token_crossentropy import TokenCrossentropy

__all__ = ["TokenCrossentropy"]
