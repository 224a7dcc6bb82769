"""Saved models refer only to public classes and to classes of Keras."""

import json
import zipfile

import keras

from tests.backend import on_one_backend
from tests.conformance.registry import CASES, LAYERS
from tests.conformance.selection import by_id
from tests.public_names import PUBLIC_MODULES, public_objects

pytestmark = on_one_backend


def names_in(config):
    """Yields the module, class and registered name of all objects in a config."""
    if isinstance(config, dict):
        # `__tuple__` and similar names denote plain values.
        if "config" in config and not config.get("class_name", "__").startswith("__"):
            yield config.get("module"), config["class_name"], config.get("registered_name")
        config = list(config.values())
    if isinstance(config, list):
        for each in config:
            yield from names_in(each)


def is_keras_own(module):
    return module is not None and module.split(".")[0] in ("keras", "builtins")


GENERAL = (keras.Layer, keras.Model, keras.Operation)
PUBLIC = {
    f"keras_attn>{name}" for module_name in PUBLIC_MODULES for name in public_objects(module_name)
}


@by_id(CASES)
def test_a_saved_model_refers_to_public_classes(case, tmp_path):
    model = case.model(random=False)
    models = [model]
    if case not in LAYERS:
        inputs = keras.tree.map_structure(
            lambda each: keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name),
            model.input if case.named else model.inputs,
        )
        models.append(keras.Model(inputs, model(inputs if case.named else inputs[0])))
    for each in models:
        each.save(tmp_path / "model.keras")
        with zipfile.ZipFile(tmp_path / "model.keras") as file:
            config = json.loads(file.read("config.json"))
        for module, name, registered in names_in(config):
            assert is_keras_own(module) or registered in PUBLIC, (module, name, registered)


def is_public(layer_class):
    return keras.saving.get_registered_name(layer_class) in PUBLIC


@by_id(CASES)
def test_sublayers_of_keras_types_are_classes_of_keras(case):
    """A model made of the sublayers of an application can be saved without private classes."""
    for layer in case.model(random=False)._flatten_layers():
        kinds = [kind for kind in type(layer).__mro__ if kind not in GENERAL]
        named = [kind for kind in kinds if getattr(keras.layers, kind.__name__, None) is kind]
        if named and not is_public(type(layer)):
            assert type(layer).__module__.startswith("keras."), layer
