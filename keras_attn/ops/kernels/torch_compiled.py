"""Functions on PyTorch, compiled by `torch.compile` and kept."""

import torch

_kept = {}


def compiled(function, options):
    """Equals `function`, compiled once for these options.

    Args:
        function: of tensors, defined in a module.
        options: of `torch.compile`, a dictionary that nobody changes.
    """
    if function not in _kept or _kept[function][0] is not options:
        _kept[function] = options, torch.compile(function, **options)
    return _kept[function][1]
