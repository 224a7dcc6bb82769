"""Float64 operations on PyTorch, see `keras_attn.ops.precision`."""

import torch


def float64(name, *tensors, axis=None):
    """Equals `keras.ops.<name>` along `axis`, for tensors and Python numbers."""
    widest = torch.float64
    like = next(each for each in tensors if isinstance(each, torch.Tensor))
    tensors = [torch.as_tensor(each, dtype=widest, device=like.device) for each in tensors]
    return getattr(torch, name)(*tensors, **({} if axis is None else {"dim": axis}))
