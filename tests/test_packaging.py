"""Files of the wheel, an installation of it alone, and rules for the files of the project."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]

IMPORT_EVERYTHING = """
import importlib, pathlib, pkgutil, sys
import keras_attn
assert keras_attn.__version__
here = pathlib.Path(keras_attn.__file__)
assert here.is_relative_to(sys.prefix), here
found = ["keras_attn"]
def is_of_another_backend(name):
    return ".kernels." in name and name.rsplit(".", 1)[1].startswith(("tensorflow_", "torch_"))
def walk(package):
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if is_of_another_backend(info.name):
            continue
        module = importlib.import_module(info.name)
        found.append(info.name)
        if info.ispkg:
            walk(module)
walk(keras_attn)
print(*found)
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what git would hold."""
    folder = tmp_path_factory.mktemp("dist")
    source = folder / "source"
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)
    return next(folder.glob("*.whl"))


def tracked():
    """Files that git holds or would hold, without those removed."""
    out = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return [name for name in out.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    information = {name.split("/")[0] for name in names} - {"keras_attn"}
    assert {name.rsplit(".", 1)[1] for name in information} == {"dist-info"}
    assert "keras_attn/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    shipped = {name for name in tracked() if name.startswith(("keras_attn/", "applications/"))}
    expected = {re.sub(r"^applications/", "keras_attn/applications/", name) for name in shipped}
    assert {name for name in names if name.startswith("keras_attn/")} == expected


def test_the_wheel_works_alone_with_one_backend(wheel, tmp_path):
    """A new environment gets the wheel with what it declares and one backend, nothing else."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(
        python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt",
        f"keras-attn[jax] @ {wheel.as_uri()}",
    )  # fmt: skip
    environment = {"KERAS_BACKEND": "jax", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    out = run(python, "-I", "-c", IMPORT_EVERYTHING, cwd=tmp_path, env=environment)
    imported = out.splitlines()[-1].split()
    for file in tracked():
        shipped = file.startswith(("keras_attn/", "applications/")) and file.endswith(".py")
        if shipped and "/kernels/" not in file:
            name = re.sub(r"^applications", "keras_attn/applications", file).removesuffix(".py")
            assert name.removesuffix("/__init__").replace("/", ".") in imported


def test_the_lowest_keras_is_the_tested_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = next(each for each in project["dependencies"] if each.startswith("keras>="))
    tested = re.search(r"^LOWEST_KERAS *:?= *(\S+)", (ROOT / "Makefile").read_text(), re.M)[1]
    assert tested.startswith(declared.removeprefix("keras>="))


def test_extras_name_what_setup_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    everything = re.findall(r"[a-z]+", extras["all"][0].split("[")[1])
    assert sorted(everything) == sorted(set(extras) - {"all"})


def test_the_constraints_pin_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = [requirement for group in groups for requirement in group]
    names = {re.match(r"[\w-]+", each)[0].replace("_", "-") for each in wanted} - {"keras-attn"}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].replace("_", "-").lower() for line in lines if "==" in line}
    assert names <= pinned
    assert not [line for line in lines if re.search(r"==[^;]*\+", line)], "a local version"


def test_nothing_names_the_place_where_it_was_written():
    """No file but those of the continuous integration contains a path outside of the project."""
    for name in tracked():
        if name.startswith(".ci/") or not (ROOT / name).is_file():
            continue
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        found = re.findall(r"\.\./" + r"shared|/" + r"work/|/" + r"tmp/\w", text)
        assert not found, f"{name}: {found}"


def test_nothing_is_left_to_do():
    for name in tracked():
        if name.endswith((".py", "Makefile", ".toml")):
            assert not re.search(r"\bTO" + r"DO\b|\bFIX" + r"ME\b", (ROOT / name).read_text()), name
