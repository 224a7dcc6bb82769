"""Steps of a loop on PyTorch, compiled by `torch.compile`."""

import torch


def compiled_step(function, options):
    """Equals `function(slices, state)`, called for one step after the other.

    The first step runs as it is: its state needs no gradient, so that it would be a graph of its
    own, and it loads what the later ones find loaded.

    Args:
        function: the step.
        options: of `torch.compile`.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return function
    compiled, first = torch.compile(function, **options), [function]
    return lambda slices, state: (first.pop() if first else compiled)(slices, state)
