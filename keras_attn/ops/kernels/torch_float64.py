"""Operations on PyTorch in the precision of their tensors, see `keras_attn.ops.precision`."""

import torch


def float64(name, *tensors, axis=None):
    """`keras.ops.<name>` of tensors and numbers, along `axis`."""
    widest = torch.float64
    like = next(each for each in tensors if isinstance(each, torch.Tensor))
    tensors = [torch.as_tensor(each, dtype=widest, device=like.device) for each in tensors]
    return getattr(torch, name)(*tensors, **({} if axis is None else {"dim": axis}))
