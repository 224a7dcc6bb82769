"""A step of a Neural Turing Machine behind its controller, on PyTorch: without a layer between.

Its tensors are small, so that it is the number of operations, and what Keras adds to each, that
takes the time.
"""

import torch

from keras_attn.ops.kernels.torch_address_memory import address_memory
from keras_attn.ops.kernels.torch_write_memory import write_memory

# See `NTMCell.activations`.
ACTIVATIONS = {
    "key": torch.tanh,
    "strength": torch.nn.functional.softplus,
    "gate": torch.sigmoid,
    "shift": lambda numbers: torch.softmax(numbers, dim=-1),
    "sharpening": lambda numbers: torch.nn.functional.softplus(numbers) + 1.0,
    "erase": torch.sigmoid,
    "add": torch.tanh,
}
SINGLE = ("strength", "gate", "sharpening")


def use_memory(numbers, memory, weights, parts, num_read_heads):
    """Equals `NTMCell.use`.

    Args:
        numbers, memory, weights: see `NTMCell.use`.
        parts, num_read_heads: those of the cell.
    """
    told = {}
    sizes = [count * width for count, width in parts.values()]
    for (name, shape), part in zip(parts.items(), numbers.split(sizes, dim=1), strict=True):
        told[name] = ACTIVATIONS[name](part if name in SINGLE else part.reshape(-1, *shape))
    erase, add = told.pop("erase"), told.pop("add")
    weights = address_memory(**told, memory=memory, previous=weights)
    found = torch.matmul(weights[:, :num_read_heads], memory)
    return found, write_memory(memory, weights[:, num_read_heads:], erase, add), weights
