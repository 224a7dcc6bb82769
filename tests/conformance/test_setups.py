"""What was changed after construction is in a file: frozen, quantized and adapted layers, policies.

A case of each class is set up, saved and loaded, alone as a model or in a plain functional model.
"""

import keras
import numpy as np
import pytest

from tests.backend import BACKEND
from tests.conformance import changes
from tests.conformance.case import by_id
from tests.conformance.registry import CASES, LAYERS

pytestmark = pytest.mark.training

ONE_OF_EACH = list({case.subject: case for case in reversed(CASES)}.values())
# By name, arguments of the constructor and what is changed in the model.
SETUPS = {
    "part_frozen": ({}, changes.freeze_one),
    "int8": ({}, changes.quantize),
    "lora": ({}, changes.adapt),
    "mixed_bfloat16": ({"dtype": "mixed_bfloat16"}, None),
    "float64": ({"dtype": "float64"}, None),
}


def saved_and_loaded(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    return keras.saving.load_model(path, safe_mode=True)


def assert_same_variables(first, second):
    first, second = map(changes.arrays_by_path, (first, second))
    assert [path for path, _ in first] == [path for path, _ in second]
    for (path, one), (_, other) in zip(first, second, strict=True):
        assert one.dtype == other.dtype, path
        np.testing.assert_array_equal(one, other, path)


def assert_same_setup(model, loaded):
    trainable = [[weight.path for weight in each.trainable_weights] for each in (model, loaded)]
    assert trainable[0] == trainable[1]
    layers = [each._flatten_layers(include_self=False) for each in (model, loaded)]
    for one, other in zip(*layers, strict=True):
        assert (one.trainable, one.dtype_policy) == (other.trainable, other.dtype_policy), one


@by_id(ONE_OF_EACH)
@pytest.mark.parametrize("setup", SETUPS)
def test_a_file_keeps_the_setup(case, setup, tmp_path):
    arguments, change = SETUPS[setup]
    model = case.model(**arguments)
    if setup == "part_frozen" and not changes.weighted_layers(model):
        pytest.skip("no layer has weights")
    if change:
        change(model)
    changes.randomize_optimizer(model)
    loaded = saved_and_loaded(model, tmp_path)
    assert_same_setup(model, loaded)
    assert_same_variables(model.optimizer.variables, loaded.optimizer.variables)
    if setup != "lora":  # whose adapters a file adds to the kernels
        assert_same_variables(model.weights, loaded.weights)
    # Equal variables of equal layers give equal outputs; elsewhere these cost two compilations.
    if BACKEND == "torch" or setup == "lora":
        for one, other in zip(case.predict(model), case.predict(loaded), strict=True):
            np.testing.assert_allclose(one, other, atol=case.tolerance, rtol=case.tolerance)


@by_id(ONE_OF_EACH)
def test_a_frozen_layer_has_nothing_that_trains(case, tmp_path):
    def trained(model):
        return [weight.path for weight in model.trainable_weights]

    frozen = case.model(random=False, trainable=False)
    assert trained(frozen) == []
    assert trained(saved_and_loaded(frozen, tmp_path)) == []

    model = case.model(random=False)
    layers = [each for each in model._flatten_layers() if type(each) is case.subject]
    before = trained(model)
    for layer in layers:
        layer.trainable = False
    assert trained(model) == []
    assert trained(saved_and_loaded(model, tmp_path)) == []
    for layer in layers:
        layer.trainable = True
    assert set(before) <= set(trained(model))

    if case in LAYERS and case.rnn is None:
        unbuilt = case.make()
        unbuilt.trainable = False
        case.build(unbuilt, case.shapes())
        assert trained(unbuilt) == []
        assert not any(weight.trainable for weight in unbuilt.weights)
