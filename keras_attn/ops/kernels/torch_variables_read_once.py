"""Weights that a loop multiplies by, on PyTorch: their gradients are products after the loop."""

import keras
import torch

from keras_attn.ops.kernels.torch_function import is_checkpointed, is_traced
from keras_attn.ops.kernels.torch_product import product


def variables_read_once(variables, dtype):
    """Returns pairs of Keras variables and their values, as matrices of a dtype, for a loop.

    PyTorch's own gradient of a matrix that every step multiplies by is a product for each step, of
    few rows, and a sum of matrices. Here the steps keep what they multiplied, and one product of
    all rows follows.
    """
    if not _is_differentiated_here():
        return []
    values = [(each, each.value) for each in variables if each.trainable and len(each.shape) == 2]
    return [
        (variable, late(keras.ops.cast(value, dtype)))
        for variable, value in values
        if value.requires_grad and value.device.type != "meta"
    ]


def _is_differentiated_here():
    """True if eager autograd differentiates the loop; other transformations trace each product."""
    return torch.is_grad_enabled() and not (
        is_traced()
        or torch.is_autocast_enabled("cpu")
        or torch.is_autocast_enabled("cuda")
        or is_checkpointed()
    )


def late(weight):
    """The matrix `weight`, whose products leave its gradient to the end of the backward pass."""
    products = _Products()
    tensor = _Late.apply(weight, products).as_subclass(LateWeight)
    tensor.products, tensor.parts, tensor.wholes = products, {}, {}
    return tensor


class _Products:
    """Inputs of products with a matrix and gradients of the results, in one backward pass."""

    def __init__(self):
        self.of = None
        self.rows, self.gradients = [], []

    def add(self, rows, gradients):
        now = torch._C._current_graph_task_id()
        if now != self.of:  # a pass that did not ask for the weight has left its own
            self.of, self.rows, self.gradients = now, [], []
        self.rows.append(rows)
        self.gradients.append(gradients)

    def take(self):
        """The gradient of the matrix, or None."""
        rows, gradients = self.rows, self.gradients
        there = rows and self.of == torch._C._current_graph_task_id()
        self.rows, self.gradients = [], []
        return product(torch.cat(rows).T, torch.cat(gradients)) if there else None


class LateWeight(torch.Tensor):
    """A matrix that notices products by it, and is a plain tensor to all other functions.

    Attributes:
        products: where they are kept.
        parts: those that were cut out of it, matrices of this kind too.
        wholes: those that it is the upper part of.
    """

    def above(self, other):
        """The matrix of its rows and, below them, those of another one."""
        if not torch.is_grad_enabled():  # what is kept needs its gradient
            with torch._C.DisableTorchFunctionSubclass():
                return torch.cat([self, other])
        if id(other) not in self.wholes:
            with torch._C.DisableTorchFunctionSubclass():
                self.wholes[id(other)] = late(torch.cat([self, other])), other
        return self.wholes[id(other)][0]

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        with torch._C.DisableTorchFunctionSubclass():
            if is_checkpointed() or not torch.is_grad_enabled():
                return function(*arguments, **(options or {}))
            if function in _PRODUCTS and not options:
                left, right = arguments
                if type(right) is cls and type(left) is not cls and left.dim() > 1:
                    return _Product.apply(left, right, right.products)
            if function is torch.Tensor.__getitem__ and _is_cut(arguments[1]):
                weight, index = arguments
                if str(index) not in weight.parts:
                    weight.parts[str(index)] = late(weight[index])
                return weight.parts[str(index)]
            return function(*arguments, **(options or {}))


def _is_cut(index):
    """True if the index takes a matrix of adjacent rows and columns."""
    index = index if isinstance(index, tuple) else (index,)
    return all(isinstance(each, slice) for each in index)


_PRODUCTS = {torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__}


def _rows(left, weight):
    """`left @ weight`, of matrices or stacks of them."""
    if left.dim() == 2:
        return product(left, weight)
    found = product(left.flatten(0, -2), weight)
    # No view, which a function may not give if its result is to be changed in place.
    return torch.ops.aten._unsafe_view(found, [*left.shape[:-1], weight.shape[1]])


class _Product(torch.autograd.Function):
    """`left @ weight`, `(..., inputs) @ (inputs, outputs)`."""

    @staticmethod
    def forward(ctx, left, weight, products):
        ctx.save_for_backward(left, weight)
        ctx.products = products
        return _rows(left, weight)

    @staticmethod
    def backward(ctx, gradient):
        left, weight = ctx.saved_tensors
        needed = ctx.needs_input_grad[0]
        rows, gradients = left.flatten(0, -2), gradient.flatten(0, -2)
        if torch.is_grad_enabled():  # which is to be differentiated once more
            return gradient @ weight.T if needed else None, rows.T @ gradients, None
        by_left = _rows(gradient, weight.T) if needed else None
        ctx.products.add(rows, gradients)
        return by_left, None, None


class _Late(torch.autograd.Function):
    """The identity, whose gradient comes last, with those of the products."""

    @staticmethod
    def forward(ctx, weight, products):
        ctx.set_materialize_grads(False)
        ctx.products = products
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx, gradient):
        late = ctx.products.take()
        if late is None or gradient is None:
            return late if gradient is None else gradient, None
        return gradient + late, None
