"""Second derivatives equal finite differences of first derivatives, or raise an error."""

import inspect

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, total
from tests.conformance.case import randomise
from tests.conformance.registry import LAYERS
from tests.conformance.selection import by_id, first_of_class

# Step of the finite differences: a larger one crosses kinks, a smaller one is lost in rounding.
STEP = 3e-4
# Layers with a kernel that has no second derivatives.
ADDITIVE = {"BahdanauAttention", "AdaptiveAttention", "VisualAttention", "SpatialChannelAttention"}
IN_LOOPS = {"CoverageAttention", "AttentionDecoder"}
WITHOUT = {
    "jax": IN_LOOPS,
    "tensorflow": {"GridSampler", "SpatialTransformer", *ADDITIVE, *IN_LOOPS},
    "torch": {
        *ADDITIVE,
        *IN_LOOPS,
        *("NTMCell", "NTM", "DNCCell", "MemoryRNN", "DRAWRead", "DRAWWrite"),
    },
}


def slope(layer, case):
    """Slopes of `total` of the outputs of a layer, at any values of its weights.

    Returns:
        Two functions. One gives the arrays that slopes are taken by: the float inputs and the
        trainable weights as they are. The other takes such arrays and a direction, and gives the
        slope along the direction; with `second=True` the gradient of that slope, by every array.
    """
    arrays, variables = case.arrays(), layer.trainable_variables
    floats = [name for name, array in arrays.items() if "float" in str(array.dtype)]

    def loss(values, fixed):
        inputs = {**arrays, **dict(zip(floats, values, strict=False))}
        inputs = {name: keras.ops.convert_to_tensor(each) for name, each in inputs.items()}
        mapping = list(zip(variables, values[len(floats) :], strict=True))
        mapping += list(zip(layer.non_trainable_variables, fixed, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return total(case.run(layer, inputs))

    def current():
        return [arrays[name] for name in floats] + [
            np.array(keras.ops.convert_to_numpy(each)) for each in variables
        ]

    along = {"jax": _jax, "torch": _torch, "tensorflow": _tensorflow}[BACKEND](loss)

    def along_now(values, direction, second=False):
        return along(values, direction, [v.value for v in layer.non_trainable_variables], second)

    return current, along_now


def _jax(loss):
    import jax
    import jax.numpy as jnp

    @jax.jit
    def both(values, direction, fixed):
        def along(values):
            found = jax.grad(loss)(values, fixed)
            return sum(jnp.sum(g * d) for g, d in zip(found, direction, strict=True))

        return jax.value_and_grad(along)(values)

    return lambda values, direction, fixed, second: both(
        [jnp.asarray(each) for each in values], [jnp.asarray(each) for each in direction], fixed
    )[second]


def _torch(loss):
    import torch

    def along(values, direction, fixed, second):
        values = [torch.tensor(each, requires_grad=True) for each in values]
        found = torch.autograd.grad(
            loss(values, fixed), values, create_graph=second, allow_unused=True
        )
        pairs = zip(found, direction, strict=True)
        slope = sum((g * torch.tensor(d)).sum() for g, d in pairs if g is not None)
        if not second:
            return slope
        if not slope.requires_grad:
            return [np.zeros(each.shape) for each in values]
        found = torch.autograd.grad(slope, values, allow_unused=True)
        pairs = zip(found, values, strict=True)
        return [np.zeros(v.shape) if each is None else each for each, v in pairs]

    return along


def _tensorflow(loss):
    import tensorflow as tf

    def along(values, direction, fixed, second):
        values = [tf.convert_to_tensor(each) for each in values]
        with tf.GradientTape() as outer:
            outer.watch(values)
            with tf.GradientTape() as inner:
                inner.watch(values)
                value = loss(values, fixed)
            found = inner.gradient(value, values, unconnected_gradients="zero")
            pairs = zip(found, direction, strict=True)
            slope = sum(tf.reduce_sum(g * d) for g, d in pairs)
        return outer.gradient(slope, values, unconnected_gradients="zero") if second else slope

    return along


def directions(arrays, seed):
    """Returns random arrays of the same shapes, with joint norm 1."""
    generator = np.random.default_rng(seed)
    return unit([generator.normal(size=each.shape) for each in arrays])


def unit(arrays):
    """Scales arrays to a joint norm of 1; zeros remain."""
    length = np.sqrt(sum(np.sum(np.square(each)) for each in arrays)) or 1.0
    return [(each / length).astype("float32") for each in arrays]


def smooth(case):
    """Returns the case with an interpolation whose first derivatives are continuous."""
    if "interpolation" not in inspect.signature(case.layer.__init__).parameters:
        return case
    return case.with_(arguments={**case.arguments, "interpolation": "bicubic"})


@pytest.mark.training
@by_id(list(map(smooth, first_of_class(LAYERS))))
def test_second_derivatives_are_correct_or_raise(case):
    layer = case.built(random=False)
    current, along = slope(layer, case)
    start = current()
    direction = directions(start, 1)
    # A layer may have kinks at its initial weights: no finite differences there.
    is_refused = raises_error(second_derivatives, along, start, direction)
    assert is_refused == (case.layer.__name__ in WITHOUT[BACKEND])
    if not is_refused:
        randomise(layer)
        start = current()
        second = second_derivatives(along, start, direction)
        # Along a random direction alone, large arrays have second derivatives near zero.
        random, steepest = directions(start, 2), unit(second)
        other = unit([a + b for a, b in zip(random, steepest, strict=True)])
        found = sum(np.sum(one * d) for one, d in zip(second, other, strict=True))
        before, after = (
            float(along([a + step * d for a, d in zip(start, other, strict=True)], direction))
            for step in (-STEP, STEP)
        )
        expected = (after - before) / (2.0 * STEP)
        assert abs(found - expected) <= 0.01 * abs(expected) + 0.002


def second_derivatives(along, values, direction):
    """Returns the gradient of the slope, which must be finite."""
    second = along(values, direction, second=True)
    second = [np.array(keras.ops.convert_to_numpy(each)) for each in second]
    assert all(np.all(np.isfinite(each)) for each in second)
    return second


def raises_error(function, *arguments):
    """True if the function raises an error about second derivatives."""
    try:
        function(*arguments)
    except (NotImplementedError, ValueError, LookupError) as error:
        if "second derivative" not in str(error):
            raise
        return True
    return False
