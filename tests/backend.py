"""Operations that differ between backends: gradients, compilation, arrays.

The tests are the one place besides `keras_attn/ops/kernels/` that may name a backend.
"""

import os
from zlib import crc32

import keras
import numpy as np
import pytest

BACKEND = keras.backend.backend()
TRAINS = BACKEND in ("tensorflow", "jax", "torch")
# `ALL_CASES=1 make test` runs every case on every backend, in twice the time.
ALL_CASES = bool(os.environ.get("ALL_CASES"))
# Backends that share tests which spend their time on compilation.
SHARING = () if ALL_CASES else ("tensorflow", "jax")
# For tests of names, configs, constructor arguments and plots.
on_one_backend = pytest.mark.skipif(
    BACKEND != "torch" and not ALL_CASES, reason="the same on every backend"
)

if BACKEND == "openvino":
    import functools

    import openvino

    # Keras's `predict` names no precision, and on CPUs that have bfloat16 products it is that.
    openvino.compile_model = functools.partial(
        openvino.compile_model, config={"INFERENCE_PRECISION_HINT": "f32"}
    )


def runs_here(name):
    """True if the backend takes the test or case `name` among those that `SHARING` share."""
    return BACKEND not in SHARING or crc32(name.encode()) % 2 == SHARING.index(BACKEND)


def to_numpy(tensor):
    """A NumPy array of any tensor; float32 where NumPy has no such type (bfloat16)."""
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        tensor = keras.ops.cast(tensor, "float32")
    return np.array(keras.ops.convert_to_numpy(tensor))


def flat(outputs):
    """The outputs of a layer as a list of NumPy arrays."""
    return [to_numpy(output) for output in keras.tree.flatten(outputs) if output is not None]


def is_float(tensor):
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def total(outputs):
    """The sum of the squares of all float outputs: a scalar that depends on each of them."""
    floats = [output for output in keras.tree.flatten(outputs) if is_float(output)]
    return sum(
        keras.ops.sum(keras.ops.square(keras.ops.cast(output, "float32"))) for output in floats
    )


def gradients(function, arrays, variables=()):
    """Gradients of `total(function(*arrays))`.

    Args:
        function: takes one tensor for each array.
        arrays: list of NumPy arrays, or a dict of them, given by name; integer arrays get
            no gradient.
        variables: Keras variables that the function reads.

    Returns:
        Two lists of NumPy arrays, for the float arrays and for the variables; zeros where the
        function does not depend on one.
    """
    return outputs_and_gradients(function, arrays, variables)[1:]


def outputs_and_gradients(function, arrays, variables=()):
    """Outputs and gradients of one run, which costs half of two: see `gradients`.

    Returns:
        The outputs as a flat list of tensors, and the two lists of `gradients`.
    """
    return differentiated(function, variables)(arrays)


def differentiated(function, variables=()):
    """Returns a function from arrays to outputs and gradients, which JAX compiles only once.

    Args:
        function, variables: See `gradients`. JAX reads these variables at each call, and all
            others at the first call.

    Returns:
        Function of `arrays` with the return value of `outputs_and_gradients`.
    """
    variables = list(variables)
    differentiate = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[BACKEND](variables)

    def loss(tensors, names):
        tensors = [keras.ops.convert_to_tensor(tensor) for tensor in tensors]
        outputs = (
            function(**dict(zip(names, tensors, strict=True))) if names else function(*tensors)
        )
        outputs = [output for output in keras.tree.flatten(outputs) if output is not None]
        return total(outputs), outputs

    def run(arrays):
        names = tuple(arrays) if isinstance(arrays, dict) else None
        arrays = list(arrays.values()) if names else list(arrays)
        floats = [i for i, array in enumerate(arrays) if is_float(array)]
        leaves = [arrays[i] for i in floats]
        others = {i: array for i, array in enumerate(arrays) if i not in floats}

        def loss_of_leaves(leaves, others):
            leaves = iter(leaves)
            return loss(
                [others[i] if i in others else next(leaves) for i in range(len(arrays))], names
            )

        key = (names, tuple(floats), len(arrays))
        outputs, found = differentiate(key, loss_of_leaves, leaves, others)
        found = [
            np.zeros(leaf.shape, "float32") if gradient is None else to_numpy(gradient)
            for gradient, leaf in zip(found, [*leaves, *variables], strict=True)
        ]
        return outputs, found[: len(leaves)], found[len(leaves) :]

    return run


def _tensorflow(variables):
    import tensorflow as tf

    def differentiate(key, loss, leaves, others):
        leaves = [tf.convert_to_tensor(leaf) for leaf in leaves]
        values = [variable.value for variable in variables]
        with tf.GradientTape() as tape:
            tape.watch([*leaves, *values])
            value, outputs = loss(leaves, others)
        found = tape.gradient(value, [*leaves, *values])
        return outputs, [
            tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient
            for gradient in found
        ]

    return differentiate


def _jax(variables):
    import jax
    import jax.numpy as jnp

    programs = {}

    def program(loss):
        def stateless(leaves, values, others):
            scope = keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True)))
            with scope:
                return loss(leaves, others)

        # One compilation is faster than compiling each operation of an eager call.
        return jax.jit(jax.grad(stateless, argnums=(0, 1), has_aux=True))

    def differentiate(key, loss, leaves, others):
        if key not in programs:
            programs[key] = program(loss)
        leaves = [jnp.asarray(leaf) for leaf in leaves]
        values = [variable.value for variable in variables]
        (by_leaf, by_value), outputs = programs[key](leaves, values, others)
        return outputs, [*by_leaf, *by_value]

    return differentiate


def _torch(variables):
    import torch

    def differentiate(key, loss, leaves, others):
        leaves = [torch.tensor(leaf, requires_grad=True) for leaf in leaves]
        values = [variable.value for variable in variables]
        wanted = [tensor for tensor in [*leaves, *values] if tensor.requires_grad]
        value, outputs = loss(leaves, others)
        found = torch.autograd.grad(value, wanted, allow_unused=True) if value.requires_grad else []
        by_tensor = {id(tensor): gradient for tensor, gradient in zip(wanted, found, strict=False)}
        return outputs, [by_tensor.get(id(tensor)) for tensor in [*leaves, *values]]

    return differentiate


def compiled(layer, function, xla=True):
    """`function(*tensors)`, which calls the built `layer`, compiled as `fit` would compile it.

    TensorFlow compiles with XLA, if `xla`, and JAX with `jit`; torch traces the graph with dynamo
    and runs it with the eager kernels (inductor needs a C++ compiler and most of a minute).
    """
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla)
    if BACKEND == "torch":
        import torch

        # Functions of equal code share a limit, beyond which dynamo would not compile them.
        torch.compiler.reset()
        return torch.compile(function, backend="eager")
    import jax

    stateless = jax.jit(stateless_function(layer, function))
    return lambda *tensors: stateless([each.value for each in layer.variables], list(tensors))


def specifications(layer, function, tensors):
    """Returns the outputs of `function(*tensors)`, or their shapes and dtypes, as a flat list.

    JAX only traces the function, which is faster; other backends run the function.
    """
    if BACKEND != "jax":
        return keras.tree.flatten(function(*tensors))
    import jax

    values = [variable.value for variable in layer.variables]
    return keras.tree.flatten(
        jax.eval_shape(stateless_function(layer, function), values, list(tensors))
    )


def stateless_function(layer, function):
    """Makes `function(*tensors)` a pure function `(values of the variables, tensors)` on JAX."""
    variables = layer.variables

    def stateless(values, tensors):
        scope = keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True)))
        with scope:
            return function(*tensors)

    return stateless


def quick(layer, function):
    """`function(*tensors)`, which calls the built `layer`, the way that takes the least time.

    JAX would compile each operation of an eager call; here it compiles all of them together.
    """
    return compiled(layer, function) if BACKEND == "jax" else function


def inferred(model, inputs):
    """The outputs of a model as a list of NumPy arrays, without training."""
    return inference(model, inputs)()


def inference(model, inputs):
    """A function that gives what `inferred` does, of the weights that the model then has."""
    if BACKEND == "openvino":
        # Of a graph of constants alone it takes a product before the transposition that it is of.
        def predict():
            model.ov_compiled_model = None  # It would keep the weights that it was compiled with.
            return flat(model.predict(inputs, verbose=0))

        return predict

    def call(*tensors):
        return model(keras.tree.pack_sequence_as(inputs, tensors), training=False)

    function = quick(model, call)
    return lambda: flat(function(*keras.tree.flatten(inputs)))
