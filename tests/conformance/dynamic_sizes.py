"""Calls of a model with dynamic sizes: the batch, and lengths that the model leaves free."""

import keras
import numpy as np

from tests.backend import BACKEND, stateless_function, total


def flat_call(case, model):
    """Returns `model(inputs)` as a function of the flat list of inputs, and that list."""
    inputs = case.packed()

    def function(*tensors):
        outputs = model(keras.tree.pack_sequence_as(inputs, tensors), training=False)
        return keras.tree.flatten(outputs)

    return function, list(map(np.asarray, keras.tree.flatten(inputs)))


def dynamic_call(case, model, gradients=True):
    """Traces the call of a model once, with dynamic sizes where its inputs have none.

    Args:
        case: Case of the model.
        model: Functional model.
        gradients: Boolean, if gradients are traced too, as `Model.export` does on TensorFlow and
            JAX.

    Returns:
        Function from arrays to a list of outputs. On PyTorch only the batch is dynamic.
    """
    function, arrays = flat_call(case, model)
    shapes = [each.shape for each in keras.tree.flatten(model._inputs_struct)]
    trace = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[BACKEND]
    return trace(model, function, arrays, shapes, gradients)


def _tensorflow(model, function, arrays, shapes, gradients):
    import tensorflow as tf

    def with_gradients(*tensors):
        variables = [variable.value for variable in model.trainable_variables]
        with tf.GradientTape() as tape:
            outputs = function(*tensors)
            loss = total(outputs)
        return outputs, tape.gradient(loss, variables)

    specs = [tf.TensorSpec(shape, each.dtype) for shape, each in zip(shapes, arrays, strict=True)]
    if not gradients:
        return tf.function(function, input_signature=specs, autograph=False)
    traced = tf.function(with_gradients, input_signature=specs, autograph=False)
    return lambda *given: traced(*given)[0]


def _jax(model, function, arrays, shapes, gradients):
    import jax
    from jax import export

    values = [variable.value for variable in model.variables]
    stateless = stateless_function(model, function)

    def loss(values, tensors):
        outputs = stateless(values, tensors)
        return total(outputs), outputs

    scope, specs = export.SymbolicScope(), []
    for number, (shape, array) in enumerate(zip(shapes, arrays, strict=True)):
        names = [
            ("batch" if axis == 0 else f"n{number}_{axis}") if size is None else str(size)
            for axis, size in enumerate(shape)
        ]
        symbols = export.symbolic_shape(",".join(names), scope=scope)
        specs.append(jax.ShapeDtypeStruct(symbols, array.dtype))
    given = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in values]
    if not gradients:
        exported = export.export(jax.jit(stateless))(given, specs)
        return lambda *tensors: jax.jit(exported.call)(values, list(tensors))
    with_gradients = jax.grad(loss, has_aux=True, allow_int=True)
    exported = export.export(jax.jit(with_gradients))(given, specs)
    traced = jax.jit(lambda *given: exported.call(*given)[1])
    return lambda *tensors: traced(values, list(tensors))


def _torch(model, function, arrays, shapes, gradients):
    return traced_with_example(model, function, [array[:1] for array in arrays])


def traced_with_example(model, function, arrays):
    """Traces a function on PyTorch as `Model.export` does: loops have the example's length."""
    import torch

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *tensors):
            return tuple(function(*tensors))

    example = tuple(map(torch.tensor, arrays))
    traced = torch.jit.trace(Flat().eval(), example, check_trace=False)
    return lambda *given: traced(*map(torch.tensor, given))
