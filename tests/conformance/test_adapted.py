"""Layers with one weight are what their owners made of them, inside of every loop, too.

Quantized, adapted, subclassed, frozen and rematerialized layers give what plain ones give with the
weights that stand for them.
"""

import contextlib

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, flat, outputs_and_gradients, to_numpy
from tests.conformance.case import LayerCase, by_id, first_of_class
from tests.conformance.registry import CASES
from tests.conformance.test_stateless import caller

layers = keras.layers


def parts(model, kinds=(layers.Dense, layers.Embedding)):
    """The layers with one weight, in an order that equal models share."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, kinds)]


def pair(case):
    """Two models with equal weights, and the layers with one weight of both."""
    models = [case.model() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    ours, plain = map(parts, models)
    if not ours:
        pytest.skip("no layer with one weight")
    return *models, list(zip(ours, plain, strict=True))


def weight(layer):
    """The name of the weight."""
    return "kernel" if isinstance(layer, layers.Dense) else "embeddings"


def assert_close(case, found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=case.tolerance, rtol=case.tolerance)


@by_id(first_of_class(CASES))
def test_quantized_layers_are_near_the_weights_that_they_stand_for(case):
    model, plain, layers_of_both = pair(case)
    model.quantize("int8")
    for ours, theirs in layers_of_both:
        name = weight(ours)
        scale = to_numpy(getattr(ours, f"{name}_scale"))
        value = to_numpy(getattr(ours, f"_{name}")) / (
            scale if name == "kernel" else scale[:, None]
        )
        getattr(theirs, name).assign(value)
    for found, expected in zip(case.predict(model), case.predict(plain), strict=True):
        assert np.mean(np.abs(found - expected)) <= 0.03 * np.max(np.abs(expected))


@by_id(first_of_class(CASES))
def test_adapters_add_to_the_weights(case):
    model, plain, layers_of_both = pair(case)
    generator = np.random.default_rng(0)
    for ours, theirs in layers_of_both:
        ours.enable_lora(2)
        name = weight(ours)
        a, b = (getattr(ours, f"lora_{name}_{which}") for which in "ab")
        b.assign(0.3 * generator.normal(size=b.shape))
        getattr(theirs, name).assign(to_numpy(getattr(theirs, name)) + to_numpy(a) @ to_numpy(b))
    assert_close(case, case.predict(model), case.predict(plain))


class Doubled(layers.Dense):
    """A dense layer whose kernel and bias count twice."""

    def call(self, inputs, training=None):
        return self.activation(2.0 * (keras.ops.matmul(inputs, self.kernel) + self.bias))


@by_id(first_of_class(CASES))
def test_a_subclass_is_called(case):
    model, plain, layers_of_both = pair(case)
    pairs = [each for each in layers_of_both if type(each[0]) is layers.Dense and each[0].use_bias]
    if not pairs:
        pytest.skip("no dense layer")
    for ours, theirs in pairs:
        ours.__class__ = Doubled
        vars(ours).pop("call", None)  # a method of the object, in the place of the class's
        for variable in (theirs.kernel, theirs.bias):
            variable.assign(2.0 * variable.value)
    assert_close(case, case.predict(model), case.predict(plain))


@pytest.mark.training
@by_id(first_of_class(CASES))
def test_only_what_trains_has_a_gradient(case):
    subject = [case.built() if isinstance(case, LayerCase) else case.model() for _ in range(2)]
    model, plain = subject
    plain.set_weights(model.get_weights())
    variables = model.trainable_variables
    for layer in list(model._flatten_layers())[1::2]:
        if not list(layer._flatten_layers(include_self=False)):
            layer.trainable = False
    left = [i for i, variable in enumerate(variables) if variable.trainable]
    if not 0 < len(left) < len(variables):
        pytest.skip("no part to freeze")
    found, expected = (
        outputs_and_gradients(caller(case, each), [], every)[2]
        for each, every in ((model, variables), (plain, plain.trainable_variables))
    )
    for i, (one, other) in enumerate(zip(found, expected, strict=True)):
        if i in left:
            scale = np.max(np.abs(other), initial=1.0)
            np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)
        elif BACKEND == "torch":
            assert not np.any(one), variables[i].path


def remat_takes_keywords():
    try:
        keras.remat(lambda *, x: x)(x=keras.ops.ones(()))
    except TypeError:
        return False
    return True


@pytest.mark.training
@pytest.mark.skipif(BACKEND != "torch", reason="Keras's own LSTM cannot be rematerialized there")
@by_id(first_of_class(CASES))
def test_rematerialized_layers_train_alike(case):
    if not remat_takes_keywords():
        pytest.skip("this Keras drops the keyword arguments of rematerialized layers")
    found, weights = [], None
    for scope in (keras.RematScope(mode="full"), contextlib.nullcontext()):
        with scope:
            model = case.built() if isinstance(case, LayerCase) else case.model()
        weights = weights or model.get_weights()
        model.set_weights(weights)
        outputs, _, by_weight = outputs_and_gradients(
            caller(case, model), [], model.trainable_variables
        )
        found.append((flat(outputs), by_weight))
    (outputs, by_weight), (expected, by_plain) = found
    assert_close(case, outputs, expected)
    for one, other in zip(by_weight, by_plain, strict=True):
        scale = np.max(np.abs(other), initial=1.0)
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)
