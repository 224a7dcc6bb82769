"""Changed sublayers keep their behavior inside models and loops.

Models with quantized, LoRA-adapted, subclassed, frozen and rematerialized layers equal plain models
with equivalent weights.
"""

import contextlib

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, flat, outputs_and_gradients, to_numpy
from tests.conformance import changes
from tests.conformance.calls import assert_close_gradients, caller
from tests.conformance.case import LayerCase
from tests.conformance.registry import CASES
from tests.conformance.selection import by_id, first_of_class

layers = keras.layers

# Each test compiles two models: ten minutes on OpenVINO.
pytestmark = pytest.mark.skipif(BACKEND == "openvino", reason="the same graphs run on NumPy")


def make_twins(case):
    """Returns two models with equal weights, and the pairs of their adaptable layers."""
    models = [case.model() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    ours, plain = map(changes.adaptable_layers, models)
    if not ours:
        pytest.skip("no dense or embedding layer")
    return *models, list(zip(ours, plain, strict=True))


def weight_name(layer):
    """Returns the attribute of the matrix of a layer."""
    return "kernel" if isinstance(layer, layers.Dense) else "embeddings"


@by_id(first_of_class(CASES))
def test_quantized_layers_approximate_the_dequantized_weights(case):
    model, plain, layers_of_both = make_twins(case)
    model.quantize("int8")
    for ours, theirs in layers_of_both:
        name = weight_name(ours)
        scale = to_numpy(getattr(ours, f"{name}_scale"))
        value = to_numpy(getattr(ours, f"_{name}")) / (
            scale if name == "kernel" else scale[:, None]
        )
        getattr(theirs, name).assign(value)
    for found, expected in zip(case.predict(model), case.predict(plain), strict=True):
        assert np.mean(np.abs(found - expected)) <= 0.03 * np.max(np.abs(expected))


@by_id(first_of_class(CASES))
def test_lora_adds_to_the_weights(case):
    model, plain, layers_of_both = make_twins(case)
    generator = np.random.default_rng(0)
    for ours, theirs in layers_of_both:
        ours.enable_lora(2)
        name = weight_name(ours)
        a, b = (getattr(ours, f"lora_{name}_{which}") for which in "ab")
        b.assign(0.3 * generator.normal(size=b.shape))
        getattr(theirs, name).assign(to_numpy(getattr(theirs, name)) + to_numpy(a) @ to_numpy(b))
    case.assert_close(case.predict(model), case.predict(plain))


class Doubled(layers.Dense):
    """Dense layer with a doubled kernel and bias."""

    def call(self, inputs, training=None):
        return self.activation(2.0 * (keras.ops.matmul(inputs, self.kernel) + self.bias))


@by_id(first_of_class(CASES))
def test_a_subclass_of_dense_is_called(case):
    model, plain, layers_of_both = make_twins(case)
    pairs = [each for each in layers_of_both if type(each[0]) is layers.Dense and each[0].use_bias]
    if not pairs:
        pytest.skip("no dense layer")
    for ours, theirs in pairs:
        ours.__class__ = Doubled
        vars(ours).pop("call", None)  # an instance method that hides the method of the class
        for variable in (theirs.kernel, theirs.bias):
            variable.assign(2.0 * variable.value)
    case.assert_close(case.predict(model), case.predict(plain))


@pytest.mark.training
@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere gradients are of the given variables")
@by_id(first_of_class(CASES))
def test_only_trainable_variables_have_gradients(case):
    subject = [case.built() if isinstance(case, LayerCase) else case.model() for _ in range(2)]
    model, plain = subject
    plain.set_weights(model.get_weights())
    variables = model.trainable_variables
    for layer in list(model._flatten_layers())[1::2]:
        if not list(layer._flatten_layers(include_self=False)):
            layer.trainable = False
    trainable = [i for i, variable in enumerate(variables) if variable.trainable]
    if not 0 < len(trainable) < len(variables):
        pytest.skip("no sublayer to freeze")
    found, expected = (
        outputs_and_gradients(caller(case, each), [], every)[2]
        for each, every in ((model, variables), (plain, plain.trainable_variables))
    )
    assert_close_gradients([found[i] for i in trainable], [expected[i] for i in trainable])
    for variable, gradient in zip(variables, found, strict=True):
        assert variable.trainable or not np.any(gradient), variable.path


def remat_takes_keywords():
    try:
        keras.remat(lambda *, x: x)(x=keras.ops.ones(()))
    except TypeError:
        return False
    return True


@pytest.mark.training
@pytest.mark.skipif(BACKEND != "torch", reason="Keras cannot rematerialize an LSTM elsewhere")
@by_id(first_of_class(CASES))
def test_rematerialized_layers_have_equal_outputs_and_gradients(case):
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
    case.assert_close(outputs, expected)
    assert_close_gradients(by_weight, by_plain)
