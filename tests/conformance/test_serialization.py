"""Layers from configs, JSON and files equal the saved ones; bad arguments raise an error."""

import json

import keras
import pytest

from tests.backend import flat, on_one_backend
from tests.conformance.case import randomise, weights_by_path
from tests.conformance.registry import CASES, LAYERS, MODELS
from tests.conformance.selection import by_id, first_of_class


def through_json(case):
    """Returns a layer or model, and another one made of its config after a passage by JSON."""
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
    case.assert_close(flat(case.run(layer, arrays)), flat(case.run(again, arrays)))


# `test_setups.py` loads model files on the same backend, `test_across_backends.py` on all others.
@by_id(first_of_class(MODELS))
def test_a_model_of_the_inputs_and_outputs_of_an_application_is_saved(case, tmp_path):
    application = case.model()
    outputs = application.outputs if len(application.outputs) > 1 else application.outputs[0]
    model = keras.Model(application.input if case.named else application.inputs, outputs)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, safe_mode=True)
    case.assert_close(case.predict(model), case.predict(loaded))


@by_id(first_of_class(CASES))
def test_a_weights_file_gives_the_same_outputs(case, tmp_path):
    model, other = case.model(), case.model(random=False)
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    other.load_weights(path)
    case.assert_close(case.predict(model), case.predict(other))


@on_one_backend
@by_id([case for case in CASES if case.refuses])
def test_bad_arguments_are_refused_by_name(case):
    for wrong in case.refuses:
        with pytest.raises(ValueError, match="|".join(f"`{name}`" for name in wrong)) as caught:
            case.subject(**{**case.arguments, **wrong})
        assert "Received" in str(caught.value), f"{wrong} should be shown as it came"
