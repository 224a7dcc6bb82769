"""Every public layer and application has an entry."""

import keras
import pytest

import keras_attn
import keras_attn.applications
from tests.conformance.registry import CASES, LAYERS, MODELS

pytestmark = pytest.mark.once


def public_classes(module, base):
    found = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {name for name, it in found.items() if isinstance(it, type) and issubclass(it, base)}


def test_every_public_layer_has_an_entry():
    registered = {case.layer.__name__ for case in LAYERS}
    # Base classes are tested by the classes that derive from them.
    bases = {base.__name__ for case in LAYERS for base in case.layer.__mro__[1:]}
    public = public_classes(keras_attn, keras.layers.Layer)
    assert registered <= public
    assert public - registered <= bases


def test_every_application_has_an_entry():
    registered = {case.application.__name__ for case in MODELS}
    assert public_classes(keras_attn.applications, keras.Model) == registered


def test_every_layer_has_independent_values_and_refusals():
    for layer in {case.layer for case in LAYERS}:
        cases = [case for case in LAYERS if case.layer is layer]
        assert any(case.expected is not None for case in cases), f"{layer.__name__}: no values"
        assert any(case.refuses for case in cases), f"{layer.__name__}: refuses nothing"


def test_names_of_cases_are_unique():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
