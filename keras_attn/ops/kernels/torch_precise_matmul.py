"""Matrix products in full precision on PyTorch, whose default that is."""

from torch import matmul as precise_matmul

__all__ = ["precise_matmul"]
