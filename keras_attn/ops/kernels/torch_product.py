"""Matrix products on PyTorch, by oneDNN where that is faster.

PyTorch multiplies matrices of float32 by MKL, which on processors of other makers than its own does
without their widest instructions; oneDNN, which is in PyTorch too, does not, and takes half the
time there.
"""

import functools
import platform
from pathlib import Path

import torch

# Rows of the left side, and multiplications, from which on it is worth the longer call.
LEAST_ROWS = 16
LEAST_WORK = 2**20


def product(left, right, bias=None):
    """`left @ right + bias`, without a gradient.

    Args:
        left: `(rows, inputs)`.
        right: `(inputs, outputs)`.
        bias: `(outputs,)` or `(rows, outputs)`, or None.
    """
    if not _is_for_onednn(left, right):
        return left @ right if bias is None else torch.addmm(bias, left, right)
    inside = bias if bias is not None and bias.dim() == 1 else None
    found = _ONEDNN(left, right.T, inside, "none", [], "")
    return found if bias is inside else found + bias


def _is_for_onednn(left, right):
    rows, inputs = left.shape
    return (
        left.dtype is torch.float32
        and right.dtype is torch.float32
        and left.device.type == "cpu"
        and rows >= LEAST_ROWS
        and rows * inputs * right.shape[1] >= LEAST_WORK
        # For a non-contiguous matrix oneDNN falls back to loops that are a thousand times slower.
        and (right.is_contiguous() or right.T.is_contiguous())
        and _mkl_is_slow()
        and torch._C._get_mkldnn_enabled()
    )


@functools.cache
def _mkl_is_slow():
    """True if MKL runs on a processor of another vendor than Intel, and oneDNN is available."""
    there = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    return there and _ONEDNN is not None and "GenuineIntel" not in _processor()


def _processor():
    file = Path("/proc/cpuinfo")
    return file.read_text() if file.exists() else platform.processor()


_ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_ONEDNN = _ONEDNN and _ONEDNN.default
