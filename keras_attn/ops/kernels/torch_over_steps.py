"""Loops over steps on PyTorch, which has no other than Python's."""

from keras_attn.ops.recurrence import plain_over_steps as over_steps

__all__ = ["over_steps"]
