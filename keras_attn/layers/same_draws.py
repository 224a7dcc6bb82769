import keras
from keras import ops


class SameDraws(keras.layers.Layer):
    """A layer that draws random numbers, and draws the same ones when it is rematerialized."""

    def rematerialized_call(self, layer_call, *args, **kwargs):
        return super().rematerialized_call(same_draws(self, layer_call), *args, **kwargs)


def same_draws(layer, layer_call):
    """A call of a layer for `rematerialized_call`: every run starts from the seeds of the first.

    A rematerialized layer runs once more in the backward pass, from seeds that have moved on since,
    and so would give the gradient of other draws.
    """
    weights = {id(each) for each in layer.weights}
    seeds = [each for each in layer.variables if id(each) not in weights]
    before, has_run = [ops.copy(each.value) for each in seeds], False

    def call(*args, **kwargs):
        nonlocal has_run
        if not has_run:
            has_run = True
            return layer_call(*args, **kwargs)
        after = [ops.copy(each.value) for each in seeds]
        _assign(seeds, before)
        try:
            return layer_call(*args, **kwargs)
        finally:
            _assign(seeds, after)

    return call


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
