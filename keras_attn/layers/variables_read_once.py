import contextlib

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
    return kernel([variable for variable in layer.variables if id(variable) not in others])
