"""Setting for the compilation of the steps of loops that run in Python."""

from keras_attn.ops import kernels

# Of the compiler; None while steps run as they are.
_options = None


def enable_step_compilation(enabled=True, **options):
    """Compiles the steps of machines with memory on PyTorch, from now on.

    PyTorch runs a loop over steps in Python, operation by operation, which for small steps takes
    longer than what they compute. Compiled by `torch.compile` a step is a few kernels, and serves
    sequences of any length; `Model.compile(jit_compile=True)` would compile all steps of a length
    as one program, which takes very much longer. The first batches take a minute, as do those of
    another size and the first without gradients; a C++ compiler has to be there. On TensorFlow and
    JAX, whose `fit` compiles the loop, this changes nothing.

    It goes for `NTM`, `MemoryRNN` and `NeuralTuringMachine`, whose steps are many small operations:
    a training step takes a third of its time. `DRAW`, which has kernels of its own, and decoders
    with attention, whose time goes into matrix products, run as they are, but for the additive
    score of each step, on CPUs.

    Args:
        enabled: whether steps are compiled.
        **options: of `torch.compile`, such as `mode` or `dynamic`.

    Raises:
        ValueError: for options while disabling.

    Example:

    >>> keras_attn.enable_step_compilation(dynamic=False)
    >>> keras_attn.enable_step_compilation(False)

    Reference:
        Ansel et al., "PyTorch 2: Faster Machine Learning Through Dynamic Python Bytecode
        Transformation and Graph Compilation", 2024, https://doi.org/10.1145/3620665.3640366
    """
    global _options
    if options and not enabled:
        raise ValueError(f"`enabled=False` takes no options. Received: {options}")
    _options = options if enabled else None


def steps_are_compiled():
    """True if loops compile their step by the kernel `compiled_step`."""
    return _options is not None and kernels.load("compiled_step") is not None


def compiled_step(function):
    """The step of a loop, `function(slices, state)`, compiled if it is to be."""
    if not steps_are_compiled():
        return function
    return kernels.load("compiled_step")(function, _options)


def compiled(function):
    """A part of a step that is no loop, compiled if steps are."""
    if not steps_are_compiled():
        return function
    return kernels.load("compiled")(function, _options)
