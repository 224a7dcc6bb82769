"""What sequence models are trained by."""

from keras_attn.losses.token_crossentropy import TokenCrossentropy

__all__ = ["TokenCrossentropy"]
