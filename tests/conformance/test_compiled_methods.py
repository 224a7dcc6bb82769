"""Compiled methods of a changed model equal those of a fresh copy of the model."""

import numpy as np
import pytest

from keras_attn.applications import Autoencoder
from tests.conformance import changes
from tests.conformance.model_methods import data, flat, methods
from tests.conformance.registry import MODELS
from tests.conformance.selection import first_of_class, shared

pytestmark = pytest.mark.training


def fresh_copy(model):
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


# Methods that compile nothing but `predict` of Keras, and searches of a base class of which one
# subclass is enough.
OTHERS = {
    ("AttributeDetector", "detect"),
    ("NeuralTuringMachine", "trace"),
    ("LuongTranslator", "generate"),
    ("AttentionSummarizer", "generate"),
    ("SemanticAttentionCaptioner", "generate"),
}
CASES = [
    pytest.param(case, method, id=f"{case.id}-{name}")
    for case in first_of_class(MODELS)
    for name, method in methods(case).items()
    if (case.application.__name__, name) not in OTHERS
]


@pytest.mark.parametrize(("case", "method"), shared(CASES))
def test_methods_reflect_changes_of_the_model(case, method):
    model, x = case.model(), data(case)
    before = flat(method(model, x))
    changes.enable_lora(model, scale=5.0)
    changes.freeze_one(model)
    after = flat(method(model, x))
    case.assert_close(after, flat(method(fresh_copy(model), x)))
    assert any(
        a.shape != b.shape or not np.allclose(a, b) for a, b in zip(before, after, strict=True)
    )


CHANGES = {
    "int8": changes.quantize,
    "lora": changes.enable_lora,
    "part_frozen": changes.freeze_one,
    "trainable_inverted": changes.invert_trainable,
    "policy": changes.set_bfloat16_policy,
    "weights": lambda model: model.set_weights([2.0 * each for each in model.get_weights()]),
    "compile": lambda model: model.compile("adam", loss="mse"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_but_those_of_values_clear_the_cache(change):
    # Two layers of equal shape, so that inverting `trainable` keeps all shapes.
    model, x = Autoencoder((6,), units=(6, 6)), np.ones((2, 6), "float32")
    changes.weighted_layers(model)[0].trainable = False
    model.encode(x)
    compiled = encode_function(model)
    CHANGES[change](model)
    np.testing.assert_allclose(model.encode(x), fresh_copy(model).encode(x), rtol=1e-5, atol=1e-6)
    assert (encode_function(model) is compiled) == (change == "weights")


def encode_function(model):
    """Returns the compiled function of `encode` after a call."""
    return model._compiled.get("encode", None)


def test_the_first_call_only_traces_the_function():
    calls = []

    def function(x):
        calls.append(x)
        return 2.0 * x

    x = np.ones((2, 6), "float32")
    outputs = Autoencoder((6,), units=4)._compiled("double", function, 2, x)
    np.testing.assert_array_equal(outputs, 2.0 * x)
    assert len(calls) == 1
