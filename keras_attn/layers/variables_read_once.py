import contextlib

import keras

from keras_attn.ops import kernels


@contextlib.contextmanager
def variables_read_once(layer):
    """Scope for a loop over the steps of a layer, in which its variables are plain tensors.

    Without this scope some backends read a variable at every step, or accumulate its gradient step
    by step. If there is an outer `StatelessScope`, values are read from it and assignments are
    passed to it. Losses added inside become losses of the layer. Variables of sublayers with
    another compute dtype remain variables, as do those of rematerialized sublayers, which run again
    outside the loop.

    Args:
        layer: Built Keras layer.
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
    outer = scope.original_scope
    if outer is None:
        for loss in scope.losses:
            layer.add_loss(loss)
    elif outer.collect_losses:
        # Not `add_loss`: the layer that added the loss already counts it.
        outer.losses.extend(scope.losses)


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
    """Holds the values of some variables, and delegates everything else to the outer scope."""

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
