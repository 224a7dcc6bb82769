import contextlib

import keras

from keras_attn.ops import kernels


@contextlib.contextmanager
def variables_read_once(layer):
    """A scope for a loop over the steps of a layer, in which its variables are plain tensors.

    Some backends would read a variable anew at every step, or add up its gradient step by step.
    Values come from the scope around, if there is one, and assignments go there; losses that are
    added inside become losses of the layer. Variables of layers with another compute dtype, and of
    rematerialized layers, which run once more outside of the loop, stay as they are.

    Args:
        layer: Keras layer, built.
    """
    kernel = kernels.load("variables_read_once")
    hoisted = kernel(_variables(layer), layer.compute_dtype) if kernel else []
    if not hoisted:
        yield
        return
    scope = _Scope(collect_losses=True, initialize_variables=False)
    for variable, value in hoisted:
        scope.state_mapping[id(variable)] = value
    with scope:
        yield
    for loss in scope.losses:
        layer.add_loss(loss)


def _variables(layer):
    others = {
        id(variable)
        for each in layer._flatten_layers()
        if each.compute_dtype != layer.compute_dtype or each._remat_mode
        for variable in each.variables
    }
    # A layer that casts its inputs itself casts no variables either; those within it do.
    return [each for each in layer.variables if id(each) not in others and _is_cast(each)]


def _is_cast(variable):
    """True if Keras casts the variable to the compute dtype of the layer that reads it."""
    return variable._autocast and keras.backend.is_float_dtype(variable.dtype)


class _Scope(keras.StatelessScope):
    """Holds values of some variables, and passes everything else on to the scope around."""

    def get_current_value(self, variable):
        value = self.state_mapping.get(id(variable))
        if value is not None or self.original_scope is None:
            return value
        return self.original_scope.get_current_value(variable)

    def add_update(self, update):
        variable, value = update
        self.state_mapping.pop(id(variable), None)
        self.__exit__()
        try:
            variable.assign(value)
        finally:
            self.__enter__()
