"""Import rules between packages, and modules loaded by `import keras_attn`."""

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
BACKENDS = {"tensorflow", "jax", "jaxlib", "torch", "openvino"}
LAZY = {"matplotlib", "tensorflow_datasets", "scipy", "kornia", "pytest"}
# A package may import itself and the packages before it.
PACKAGES = (
    "ops",
    "losses",
    "layers",
    "decoding",
    "metrics",
    "visualization",
    "datasets",
    "applications",
)


def sources(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    return [pytest.param(file, id=str(file.relative_to(ROOT))) for file in files]


SHIPPED = [*sources("keras_attn"), *sources("applications")]
ENTRANCE = ROOT / "keras_attn" / "__init__.py"


def imports(file, top_level=False):
    """Names of the modules that a file imports, anywhere or only while it is loaded."""
    tree = ast.parse(file.read_text())
    if top_level:
        nodes, stack = [], [tree]
        while stack:
            node = stack.pop()
            nodes.append(node)
            if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
                stack.extend(ast.iter_child_nodes(node))
    else:
        nodes = ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", SHIPPED)
def test_only_kernels_name_a_backend(file):
    found = {name.split(".")[0] for name in imports(file)} & BACKENDS
    assert not found or file.is_relative_to(ROOT / "keras_attn" / "ops" / "kernels")


@pytest.mark.parametrize("file", SHIPPED)
def test_nothing_private_of_keras_is_imported(file):
    assert not [name for name in imports(file) if name.startswith("keras.src")]


@pytest.mark.parametrize("file", SHIPPED)
def test_optional_packages_are_imported_inside_functions(file):
    assert not {name.split(".")[0] for name in imports(file, top_level=True)} & LAZY


@pytest.mark.parametrize(
    "file", [*SHIPPED, *sources("tests"), *sources("tutorials"), *sources("benchmarks")]
)
def test_applications_is_never_imported_by_its_bare_name(file):
    assert not [name for name in imports(file) if name.split(".")[0] == "applications"]


@pytest.mark.parametrize("file", SHIPPED)
def test_imports_are_absolute(file):
    assert not [name for name in imports(file) if name.startswith(".")]


@pytest.mark.parametrize("file", [each for each in SHIPPED if each.values[0] != ENTRANCE])
def test_a_package_imports_itself_and_the_packages_before_it(file):
    first, second, *_ = file.relative_to(ROOT).parts
    package = first if first == "applications" else second
    allowed = PACKAGES[: PACKAGES.index(package) + 1]
    for name in imports(file):
        if name.startswith("keras_attn."):
            assert name.split(".")[1] in allowed, f"{package} must not import {name}"


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "numpy", "openvino"])
def test_importing_loads_one_backend_and_nothing_optional(backend):
    """The modules that `import keras_attn` adds to those of `import keras`."""
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    program = (
        "import sys, json, keras; before = set(sys.modules); import keras_attn; "
        "after = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(json.dumps(sorted(after)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    added = set(json.loads(done.stdout.splitlines()[-1]))
    assert not added & (LAZY | BACKENDS - {backend})
