from keras import ops


class SameDraws:
    """Mixin: a rematerialized layer draws identical random numbers in the backward pass."""

    def rematerialized_call(self, layer_call, *args, **kwargs):
        return super().rematerialized_call(same_draws(self, layer_call), *args, **kwargs)


def same_draws(layer, layer_call):
    """Wraps the call of a layer for `rematerialized_call`: every run starts from the same seeds.

    The backward pass runs a rematerialized layer again. By then the seeds have advanced, so that
    the gradient would belong to other random numbers.

    Args:
        layer: Keras layer with seed generators.
        layer_call: Callable, the call that Keras rematerializes.

    Returns:
        Callable with the arguments of `layer_call`.
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
