"""Saved models keep changes made after construction: freezing, quantization, LoRA and policies.

One case of each class is changed, saved and loaded, as a model or within a functional model.
"""

import contextlib
import itertools

import keras
import numpy as np
import pytest

from tests.conformance import changes
from tests.conformance.precision import double_precision
from tests.conformance.registry import CASES, LAYERS
from tests.conformance.selection import by_id, first_of_class, shared

pytestmark = pytest.mark.training

ONE_OF_EACH = first_of_class(CASES)
# Name → constructor arguments, and the change of the model.
SETUPS = {
    "part_frozen": ({}, changes.freeze_one),
    "int8": ({}, changes.quantize),
    "lora": ({}, changes.enable_lora),
    "policy": ({}, changes.set_bfloat16_policy),
    "mixed_bfloat16": ({"dtype": "mixed_bfloat16"}, None),
    "float64": ({"dtype": "float64"}, changes.beyond_float32),
}
# Layers without dense layers and embeddings have nothing to adapt, some nothing to change.
CHANGED = {
    "part_frozen": changes.weighted_layers,
    "policy": changes.weighted_layers,
    "int8": changes.adaptable_layers,
    "lora": changes.adaptable_layers,
}


def save_and_load(model, tmp_path):
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


@pytest.mark.parametrize(
    ("case", "setup"),
    shared(
        [
            pytest.param(case, setup, id=f"{setup}-{case.id}")
            for case, setup in itertools.product(ONE_OF_EACH, SETUPS)
        ]
    ),
)
def test_a_saved_model_keeps_the_setup(case, setup, tmp_path):
    scope = double_precision() if setup == "float64" else contextlib.nullcontext()
    with scope:
        check_setup(case, setup, tmp_path)


def check_setup(case, setup, tmp_path):
    arguments, change = SETUPS[setup]
    model = case.model(**arguments)
    if setup in CHANGED and not CHANGED[setup](model):
        pytest.skip("no layer to change")
    if change:
        change(model)
    changes.randomize_optimizer(model)
    loaded = save_and_load(model, tmp_path)
    assert_same_setup(model, loaded)
    assert_same_variables(model.optimizer.variables, loaded.optimizer.variables)
    if setup == "lora":  # saving merges adapters into the kernels
        assert lora_options(loaded) == lora_options(model)
    else:
        assert_same_variables(model.weights, loaded.weights)
    case.assert_close(case.predict(loaded), case.predict(model))


def lora_options(model):
    """Returns the path, the rank and the scale of each adapter."""
    return [
        (layer.path.removeprefix(model.name), layer.lora_rank, layer.lora_alpha)
        for layer in changes.adaptable_layers(model)
        if layer.lora_enabled
    ]


# Classes of which the first case has no weights.
WITHOUT_WEIGHTS = {"GridGenerator", "GridSampler", "LuongAttention-dot", "WholeImageRead"}


@by_id([case for case in ONE_OF_EACH if case.id not in WITHOUT_WEIGHTS])
def test_a_frozen_layer_has_no_trainable_weights(case, tmp_path):
    def trained(model):
        return [weight.path for weight in model.trainable_weights]

    assert trained(case.model(random=False))
    frozen = case.model(random=False, trainable=False)
    assert trained(frozen) == []
    assert trained(save_and_load(frozen, tmp_path)) == []

    model = case.model(random=False)
    layers = [each for each in model._flatten_layers() if type(each) is case.subject]
    before = trained(model)
    for layer in layers:
        layer.trainable = False
    assert trained(model) == []
    assert trained(save_and_load(model, tmp_path)) == []
    for layer in layers:
        layer.trainable = True
    assert set(before) <= set(trained(model))

    if case in LAYERS and case.rnn is None:
        unbuilt = case.make()
        unbuilt.trainable = False
        case.build(unbuilt, case.shapes())
        assert trained(unbuilt) == []
        assert not any(weight.trainable for weight in unbuilt.weights)
