"""Docstrings are there, say what they must, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil
import re

import keras
import numpy as np
import pytest

import keras_attn
from tests.public_names import PUBLIC_MODULES, public_objects

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class ShapeChecker(doctest.OutputChecker):
    """Compares outputs after rewriting the shape types of all backends as tuples."""

    def check_output(self, want, got, optionflags):
        got = re.sub(r"TensorShape\(\[(\d+)\]\)", r"(\1,)", got)
        got = re.sub(r"TensorShape\(\[([\d, ]*)\]\)", r"(\1)", got)
        got = re.sub(r"torch\.Size\(\[(\d+)\]\)", r"(\1,)", got)
        got = re.sub(r"torch\.Size\(\[([\d, ]*)\]\)", r"(\1)", got)
        return super().check_output(want, got, optionflags)


def modules():
    found = [keras_attn]
    for folder in (keras_attn, keras_attn.applications):
        for info in pkgutil.walk_packages(folder.__path__, folder.__name__ + "."):
            if ".kernels." not in info.name:  # each needs its own backend
                found.append(importlib.import_module(info.name))
    return list(dict.fromkeys(found))


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in modules():
        for test in finder.find(module, module.__name__):
            if test.examples:
                yield pytest.param(test, id=test.name.removeprefix("keras_attn."))


# Once is enough to keep them true; what differs between backends has tests of its own.
@pytest.mark.once
@pytest.mark.parametrize("test", examples())
def test_examples_run(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test.globs = {"keras_attn": keras_attn, "keras": keras, "np": np}
    report = []
    runner = doctest.DocTestRunner(ShapeChecker(), optionflags=FLAGS)
    runner.run(test, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)


PUBLIC = [
    pytest.param(it, id=f"{module_name}.{name}")
    for module_name in PUBLIC_MODULES
    for name, it in public_objects(module_name).items()
    if callable(it)
]


def sections(it):
    return set(re.findall(r"^ *([A-Z][a-z]+(?: arguments)?):$", inspect.getdoc(it) or "", re.M))


def arguments(it):
    parameters = inspect.signature(it).parameters.values()
    return [
        each.name
        for each in parameters
        if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL) and each.name != "self"
    ]


@pytest.mark.once
@pytest.mark.parametrize("it", PUBLIC)
def test_public_objects_are_documented(it):
    text = inspect.getdoc(it) or ""
    assert text, "no docstring"
    assert text.splitlines()[0].endswith((".", "`", "?")), "the summary is one sentence"
    found = sections(it)
    assert "Example" in found
    if arguments(it):
        assert "Args" in found
        body = text[text.index("Args:") :]
        missing = [name for name in arguments(it) if not re.search(rf"\b{name}\b", body)]
        # A layer that passes arguments on may refer to the docstring of another class.
        assert not missing or "arguments not listed here" in body, f"not in Args: {missing}"


def is_layer(it):
    return isinstance(it, type) and issubclass(it, keras.layers.Layer)


@pytest.mark.once
@pytest.mark.parametrize("it", [each for each in PUBLIC if is_layer(each.values[0])])
def test_layers_and_models_cite_their_paper(it):
    assert "Reference" in sections(it)
    reference = inspect.getdoc(it).split("Reference:\n")[1]
    assert re.search(r"\b(19|20)\d\d\b", reference), "no year"
    assert "https://" in reference, "no address"
