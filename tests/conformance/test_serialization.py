"""Configs, JSON and `.keras` files bring back the same layer."""

import json

import keras
import numpy as np
import pytest

from tests.backend import flat, on_one_backend
from tests.conformance.case import randomise, weights_by_path
from tests.conformance.registry import CASES, LAYERS, MODELS
from tests.conformance.selection import by_id, first_of_class


def assert_same(case, first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, atol=case.tolerance, rtol=case.tolerance)


def through_json(case):
    """The layer or model made anew from its config, written to JSON and read again."""
    made = case.model(random=False) if case not in LAYERS else case.make()
    config = keras.saving.serialize_keras_object(made)
    text = json.dumps(config)
    return made, keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)


@on_one_backend
@by_id(CASES)
def test_the_config_survives_json(case):
    made, again = through_json(case)
    assert type(again) is type(made)
    assert again.get_config() == type(again).from_config(again.get_config()).get_config()
    assert json.dumps(again.get_config(), default=repr) == json.dumps(
        made.get_config(), default=repr
    )


@by_id(first_of_class(LAYERS))
def test_a_layer_from_json_gives_the_same_outputs(case):
    layer, again = through_json(case)
    for each in (layer, again):
        case.build(each, case.shapes())
    randomise(layer)
    again.set_weights(layer.get_weights())
    assert list(weights_by_path(layer)) == list(weights_by_path(again))
    arrays = case.arrays()
    assert_same(case, flat(case.run(layer, arrays)), flat(case.run(again, arrays)))


# `test_across_backends.py` saves and loads every case across all pairs of backends.
@by_id(first_of_class(CASES))
def test_a_model_file_gives_the_same_outputs(case, tmp_path):
    model = case.model()
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, safe_mode=True)
    assert_same(case, case.predict(model), case.predict(loaded))


@by_id(first_of_class(MODELS))
def test_a_model_cut_out_of_an_application_is_saved(case, tmp_path):
    whole = case.model()
    outputs = whole.outputs if len(whole.outputs) > 1 else whole.outputs[0]
    model = keras.Model(whole.input if case.named else whole.inputs, outputs)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, safe_mode=True)
    assert_same(case, case.predict(model), case.predict(loaded))


@by_id(first_of_class(CASES))
def test_a_weights_file_gives_the_same_outputs(case, tmp_path):
    model, other = case.model(), case.model(random=False)
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    other.load_weights(path)
    assert_same(case, case.predict(model), case.predict(other))


@on_one_backend
@by_id(CASES)
def test_bad_arguments_are_refused_by_name(case):
    if not case.refuses:
        pytest.skip("nothing is declared")
    for wrong in case.refuses:
        with pytest.raises(ValueError, match="|".join(f"`{name}`" for name in wrong)) as caught:
            case.subject(**{**case.arguments, **wrong})
        assert "Received" in str(caught.value), f"{wrong} should be shown as it came"
