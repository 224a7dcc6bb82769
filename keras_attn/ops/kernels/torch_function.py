"""Helpers of kernels with custom gradients on PyTorch."""

import functools

import torch


def apply(function, *arguments):
    """`function.apply`, in the dtypes of the arguments inside of `torch.autocast` too."""
    device = arguments[0].device.type
    if not torch.is_autocast_enabled(device):
        return function.apply(*arguments)
    with torch.autocast(device, enabled=False):
        return function.apply(*arguments)


def is_transformed():
    """True while `torch.jit` traces a graph, or `torch.func` transforms a function.

    Both use the plain implementations: an exported graph needs no gradients, and the autograd
    functions of the kernels lack the rules that transformations need.
    """
    if torch.compiler.is_compiling():
        return False
    return torch.jit.is_tracing() or torch._C._functorch.peek_interpreter_stack() is not None


def is_traced():
    """True while `torch.compile` or `torch.jit` traces a graph, or `torch.func` transforms."""
    return torch.compiler.is_compiling() or is_transformed()


def is_checkpointed():
    """True inside `torch.utils.checkpoint` and other saved tensor hooks.

    A checkpointed function runs again in the backward pass and must then save the same number of
    tensors, of the same shapes. Hence it must not use tensors cached by an earlier call or by an
    outer loop.
    """
    return not torch.compiler.is_compiling() and _HOOKS(True) is not None


def widest(*tensors):
    """The dtype in which a function of these is computed, float32 at least."""
    return functools.reduce(torch.promote_types, (each.dtype for each in tensors), torch.float32)


def first_order(backward):
    """A gradient that cannot be differentiated once more, and says so.

    `torch.autograd.function.once_differentiable` says it only where the gradient that comes in can
    be differentiated itself; where that is a constant, it would be silently wrong. What the
    function has saved must lead to all of its arguments.
    """

    @functools.wraps(backward)
    def refusing(ctx, *gradients):
        with torch.no_grad():
            found = backward(ctx, *gradients)
        if not torch.is_grad_enabled():
            return found
        found = found if isinstance(found, tuple) else (found,)
        there = [each for each in found if each is not None]
        refused = iter(_Refused.apply(len(there), *there, *gradients, *ctx.saved_tensors))
        return tuple(None if each is None else next(refused) for each in found)

    return refusing


class _Refused(torch.autograd.Function):
    @staticmethod
    def forward(ctx, count, *tensors):
        # What comes after them is there for the way to it, on which nobody gets past here.
        return tuple(each.clone() for each in tensors[:count])

    @staticmethod
    def backward(ctx, *gradients):
        raise NotImplementedError(
            "This function of keras_attn.ops has no second derivative on PyTorch. Received: a "
            "gradient of its gradient"
        )


# PyTorch < 2.8 cannot detect checkpoints: `torch.utils.checkpoint` raises an error there,
# `keras.RematScope` works.
_HOOKS = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", lambda _: None)
