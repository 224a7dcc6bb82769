import contextlib

import keras

from keras_attn.ops import kernels


def variables_read_once(layer):
    """A scope for a loop over the steps of a layer, which assigns no variables.

    Where a backend would read its variables anew at every step, or add up their gradients step by
    step, they are read once. Those of layers within it that compute in another dtype are left
    alone: what is read here is in the layer's own.
    """
    kernel = kernels.load("variables_read_once")
    if not kernel:
        return contextlib.nullcontext()
    others = {
        id(variable)
        for each in layer._flatten_layers()
        if each.compute_dtype != layer.compute_dtype
        for variable in each.variables
    }
    variables = [variable for variable in layer.variables if id(variable) not in others]
    # A layer that casts its inputs itself casts no variables either; those within it do.
    return kernel([each for each in variables if _is_cast(each)], layer.compute_dtype)


def _is_cast(variable):
    """Whether a layer that computes in another dtype reads it in that."""
    return variable._autocast and keras.backend.is_float_dtype(variable.dtype)
