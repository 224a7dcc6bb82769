"""Compiled methods of a changed model equal those of a fresh copy of the model."""

import keras
import numpy as np
import pytest

from keras_attn.applications import Autoencoder
from tests.conformance import changes
from tests.conformance.registry import MODELS
from tests.conformance.selection import first_of_class, shared

pytestmark = pytest.mark.training


def generate(model, *inputs):
    return model.generate(*inputs, max_length=4)


def generate_with_alignments(model, *inputs):
    outputs, alignments = model.generate(*inputs, max_length=4, return_alignments=True)
    return outputs, [each.weights for each in alignments]


def align(model, *inputs):
    return [each.weights for each in model.align(*inputs, [[4, 5]] * len(inputs[0]))]


def encode(model, x):
    return model.encode(x)


# Class → functions of a model and its input that call each compiled method.
SEQUENCES = (generate_with_alignments, align)
IMAGES = (lambda model, x: model.transformations(x),)
METHODS = {
    "RNNSearch": SEQUENCES,
    "EncoderDecoder": (generate,),
    # `generate` of the base class is tested with one subclass only.
    "LuongTranslator": (align,),
    "AttentionSummarizer": (align,),
    "ShowAttendTell": SEQUENCES,
    "SemanticAttentionCaptioner": (align,),
    "ShowAndTell": (generate,),
    "SpatialTransformerClassifier": IMAGES,
    "SpatialTransformerAddition": IMAGES,
    "DigitSequenceClassifier": IMAGES,
    "InverseCompositionalClassifier": IMAGES,
    "CoLocalizer": (lambda model, x: model.boxes(x),),
    "DRAW": (
        lambda model, x: model.generate(2, seed=0),
        lambda model, x: model.reconstruct(x, seed=0),
        lambda model, x: model.log_likelihood(x, num_samples=1, seed=0),
    ),
    "VariationalAutoencoder": (
        lambda model, x: model.generate(2, seed=0),
        lambda model, x: model.reconstruct(x, seed=0),
        encode,
    ),
    "DRAWClassifier": (lambda model, x: model.windows(x),),
    "Autoencoder": (encode, lambda model, x: model.decode(np.ones((2, model.units[-1])))),
    "DenoisingAutoencoder": (encode,),
    # No compiled methods: only `predict` of Keras and `trace`.
    "AttributeDetector": (),
    "NeuralTuringMachine": (),
    "StackedLSTM": (),
}


def input_of(case):
    arrays = case.arrays()
    return arrays["source"].tolist() if "source" in arrays else next(iter(arrays.values()))


def fresh_copy(model):
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


def differ(first, second):
    pairs = zip(*map(keras.tree.flatten, (first, second)), strict=True)
    return any(np.shape(a) != np.shape(b) or not np.allclose(a, b) for a, b in pairs)


def test_all_applications_are_listed():
    assert set(METHODS) == {case.application.__name__ for case in MODELS}


CASES = [
    pytest.param(case, method, id=f"{case.id}-{number}")
    for case in first_of_class(MODELS)
    for number, method in enumerate(METHODS[case.application.__name__])
]


@pytest.mark.parametrize(("case", "method"), shared(CASES))
def test_methods_reflect_changes_of_the_model(case, method):
    model, x = case.model(), input_of(case)
    before = method(model, x)
    changes.enable_lora(model, scale=5.0)
    changes.freeze_one(model)
    after = method(model, x)
    case.assert_close(*map(keras.tree.flatten, (after, method(fresh_copy(model), x))))
    assert differ(before, after)


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
