"""The sampler on PyTorch: its own operation, on channels-last memory and without a copy."""

import math

import torch

from keras_attn.ops.interpolation import FAR
from keras_attn.ops.kernels.torch_function import is_traced


def grid_sample(images, grid, interpolation, padding_mode, align_corners):
    """Equals `plain_grid_sample`."""
    # NaN makes the native operation read outside of its memory. On CPUs a look at the grid is
    # half as dear as a cleaned copy, which would also have to be differentiated.
    eager = grid.device.type == "cpu" and not is_traced()
    if not (eager and math.isfinite(grid.detach().sum().item())):
        grid = torch.nan_to_num(grid, nan=-1.0, posinf=FAR, neginf=-FAR)
    sampled = torch.nn.functional.grid_sample(
        # Both must have the same dtype, and half precision is too coarse for coordinates.
        # Non-negative axes: ONNX supports no negative ones.
        images.to(grid.dtype).movedim(images.dim() - 1, 1),
        grid,
        mode=interpolation,
        padding_mode=padding_mode,
        align_corners=align_corners,
    )
    return sampled.movedim(1, images.dim() - 1).to(images.dtype)
