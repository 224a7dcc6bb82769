"""A step of an LSTM on PyTorch, in fewer operations than Keras's cell takes."""

import torch

from keras_attn.ops.kernels.torch_function import is_checkpointed
from keras_attn.ops.kernels.torch_product import product
from keras_attn.ops.kernels.torch_variables_read_once import LateWeight


def lstm_step(inputs, states, kernel, recurrent_kernel, bias):
    """Equals `plain_lstm_step`, all in one dtype."""
    hidden, carry = states
    weights = (kernel, recurrent_kernel)
    if not all(isinstance(each, LateWeight) for each in weights) or is_checkpointed():
        gates = torch.matmul(hidden, recurrent_kernel) + bias
        if inputs is not None:
            gates = gates + torch.matmul(inputs, kernel)
        return _after(*gates.chunk(4, dim=-1), carry)
    if inputs is None:
        rows, weight = hidden, recurrent_kernel
    else:
        rows, weight = torch.cat([inputs, hidden], dim=1), kernel.above(recurrent_kernel)
    with torch._C.DisableTorchFunctionSubclass():
        return _Step.apply(rows, carry, weight, bias, weight.products)


def _after(enter, forget, new, leave, carry):
    """Output and carry, of the gates before their activations."""
    carry = torch.addcmul(forget.sigmoid() * carry, enter.sigmoid(), new.tanh())
    return leave.sigmoid() * carry.tanh(), carry


class _Step(torch.autograd.Function):
    """LSTM step of rows `(batch, inputs)` and the carry, with a custom gradient.

    The tensors are small, so that it is the number of operations that takes the time.
    """

    @staticmethod
    def forward(ctx, rows, carry, weight, bias, products):
        gates = product(rows, weight, bias)
        enter, forget, new, leave = gates.chunk(4, dim=1)
        _sides(gates).sigmoid_()
        new.tanh_()
        leave.sigmoid_()
        after = torch.addcmul(forget * carry, enter, new)
        shown = after.tanh()
        ctx.save_for_backward(rows, carry, weight, bias, gates, shown)
        ctx.products = products
        return leave * shown, after

    @staticmethod
    def backward(ctx, of_output, of_after):
        rows, carry, weight, bias, gates, shown = ctx.saved_tensors
        if torch.is_grad_enabled():  # which is to be differentiated once more
            # As views, which have no way to each other through the steps before.
            inputs = [each.view_as(each) for each in (rows, carry, weight, bias)]
            rows, carry, weight, bias = inputs
            needed = [
                each for each, need in zip(inputs, ctx.needs_input_grad, strict=False) if need
            ]
            again = _after(*(torch.matmul(rows, weight) + bias).chunk(4, dim=1), carry)
            found = iter(
                torch.autograd.grad(again, needed, (of_output, of_after), create_graph=True)
            )
            return *(next(found) if need else None for need in ctx.needs_input_grad[:4]), None
        enter, forget, new, leave = gates.chunk(4, dim=1)
        of_after = of_after + _TANH(of_output * leave, shown)
        of_gates = torch.empty_like(gates)
        of_enter, of_forget, of_new, of_leave = of_gates.chunk(4, dim=1)
        torch.mul(of_after, new, out=of_enter)
        torch.mul(of_after, carry, out=of_forget)
        torch.mul(of_after, enter, out=of_new)
        torch.mul(of_output, shown, out=of_leave)
        sides = _sides(of_gates)
        _SIGMOID_OUT(sides, _sides(gates), grad_input=sides)
        _TANH_OUT(of_new, new, grad_input=of_new)
        _SIGMOID_OUT(of_leave, leave, grad_input=of_leave)
        ctx.products.add(rows, of_gates)
        of_bias = None
        if ctx.needs_input_grad[3]:
            of_bias = of_gates.sum(dim=0) if bias.dim() == 1 else of_gates
        of_rows = product(of_gates, weight.T) if ctx.needs_input_grad[0] else None
        return of_rows, of_after * forget, None, of_bias, None


def _sides(gates):
    """The input and the forget gate, which lie side by side."""
    return gates[:, : gates.shape[1] // 2]


_TANH = torch.ops.aten.tanh_backward.default
_TANH_OUT = torch.ops.aten.tanh_backward.grad_input
_SIGMOID_OUT = torch.ops.aten.sigmoid_backward.grad_input
