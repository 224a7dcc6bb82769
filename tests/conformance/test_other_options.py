"""Every constructor argument of data sets, losses, metrics and callbacks has an effect."""

import functools
import inspect
import json

import keras
import numpy as np
import pytest

from tests.conformance.other_options import ELSEWHERE, ENTRIES
from tests.conformance.signatures import constructor_arguments
from tests.public_names import public_objects

pytestmark = pytest.mark.once

# `folder` and the options of the plot; subclasses fix `width`.
OF_CALLBACKS = {"folder", "options", "width"}
PACKAGES = ("datasets", "losses", "metrics", "visualization")
OPTIONS = [
    pytest.param(entry, name, id=f"{entry.id}-{name}")
    for entry in ENTRIES
    for name in entry.options
]


def made(entry, folder, **changes):
    arguments = {**entry.arguments, **changes}
    if "folder" in inspect.signature(entry.make).parameters:
        arguments.setdefault("folder", folder / "pictures")
    return entry.make(**arguments)


def equal(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def test_every_class_is_listed():
    public = {
        name
        for package in PACKAGES
        for name, it in public_objects(f"keras_attn.{package}").items()
        if inspect.isclass(it)
    }
    listed = {entry.make.__name__ for entry in ENTRIES if inspect.isclass(entry.make)}
    assert public == listed | (public & ELSEWHERE)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_argument_has_an_option(entry):
    if inspect.isclass(entry.make):
        expected = set(constructor_arguments(entry.make))
    else:
        expected = set(inspect.signature(entry.make).parameters)
    assert set(entry.options) | set(entry.without_effect) == expected - OF_CALLBACKS


@functools.lru_cache(1)
def view_without_options(entry, folder):
    """Returns the view of an instance without options, which equals that of another instance."""
    first, second = (
        entry.view(made(entry, folder / name), folder / name) for name in ("first", "second")
    )
    assert equal(first, second), "two equal instances differ"
    return first


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("options")


@pytest.mark.parametrize(("entry", "name"), OPTIONS)
def test_an_argument_has_an_effect(entry, name, folder, tmp_path):
    changed = made(entry, tmp_path, **{name: entry.options[name]})
    assert not equal(entry.view(changed, tmp_path), view_without_options(entry, folder))


@pytest.mark.parametrize(
    ("entry", "name"), [each for each in OPTIONS if hasattr(each.values[0].make, "get_config")]
)
def test_an_argument_is_in_the_config(entry, name, tmp_path):
    first = made(entry, tmp_path, **{name: entry.options[name]})
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(first)))
    second = keras.saving.deserialize_keras_object(config)
    assert second.get_config() == first.get_config()
    assert equal(entry.view(first, tmp_path), entry.view(second, tmp_path))
