"""Functions of arrays on every backend: their values and their derivatives."""

import contextlib

import keras
import numpy as np

from tests.backend import BACKEND, to_numpy


def double_precision():
    """A context in which the backend computes in float64 where the arrays are float64."""
    if BACKEND == "jax":
        import jax

        return jax.enable_x64(True)
    return contextlib.nullcontext()


def pull_back(function, arrays, cotangent):
    """Gradients of `sum(function(*arrays) * cotangent)` in the arrays, and the value."""
    if BACKEND == "jax":
        import jax

        @jax.jit
        def value_and_gradients(arrays, cotangent):
            value, backward = jax.vjp(function, *arrays)
            return value, backward(cotangent)

        value, gradients = value_and_gradients(list(arrays), cotangent)
    elif BACKEND == "tensorflow":
        import tensorflow as tf

        leaves = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            value = function(*leaves)
        gradients = tape.gradient(value, leaves, output_gradients=tf.constant(cotangent))
    else:
        import torch

        device = keras.ops.zeros(()).device
        leaves = [torch.tensor(array, requires_grad=True, device=device) for array in arrays]
        value = function(*leaves)
        gradients = torch.autograd.grad(value, leaves, torch.tensor(cotangent, device=device))
    return to_numpy(value), [to_numpy(gradient) for gradient in gradients]


def finite_difference(function, array, direction, step=1e-6):
    """Central difference of a scalar function along a direction, in float64."""
    return (function(array + step * direction) - function(array - step * direction)) / (2 * step)


def differences(function, array, step=1e-5):
    """Central differences of a scalar function along each number of an array, in float64."""
    array = np.asarray(array, "float64")
    slopes = np.zeros(array.shape)
    for place in np.ndindex(*array.shape):
        direction = np.zeros(array.shape)
        direction[place] = 1.0
        slopes[place] = finite_difference(function, array, direction, step)
    return slopes


def numpy_call(function, *arrays):
    """The results of a function of tensors as NumPy arrays, in their structure."""
    if BACKEND == "jax":
        import jax

        # One compilation of the whole costs less than one for each operation.
        function = jax.jit(function)
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
    return keras.tree.map_structure(to_numpy, function(*tensors))


def channels_last(function, **options):
    """`function` with its options and the format that the tests' arrays have."""
    return lambda *arrays: function(*arrays, data_format="channels_last", **options)
