"""Settings of all tests, made before a backend is imported."""

import contextlib
import itertools
import os
from gc import collect, freeze
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLBACKEND", "Agg")
# On an accelerator, matrix products would round their factors to 10 bits, in the expected values
# too.
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
# Processes share what JAX has compiled.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build" / "jax_cache")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Most of a test's time is the compilation of programs that run once: without optimization by LLVM
# and with the older emitters of XLA, which take a third of the time.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
)
# One thread for each process of pytest-xdist, which starts one on every core.
if "PYTEST_XDIST_WORKER" in os.environ:
    for threads in (
        "NPROC",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ.setdefault(threads, "1")

import pytest

MAPS = Path("/proc/self/maps")
# Tests of models, searches and plots, which mostly compile. TensorFlow and JAX share them; every
# layer, op and model runs on both in the other folders.
SHARED_FOLDERS = ("applications", "decoding", "visualization")


def pytest_addoption(parser):
    parser.addoption(
        "--quick", action="store_true", help="one case of each class in the conformance tests"
    )


def pytest_collectstart():
    """Imports PyTorch before TensorFlow: the other order ends in a segmentation fault.

    Not while this file is imported, nor is Keras: the controller of pytest-xdist, which collects
    nothing, then starts its workers at once.
    """
    if os.environ["KERAS_BACKEND"] in ("torch", "tensorflow"):
        with contextlib.suppress(ImportError):
            import torch  # noqa: F401


def pytest_collection_modifyitems(config, items):
    """Sorts, selects and skips tests.

    The contracts of a case run one after the other, so that a worker reuses its compilations.
    TensorFlow and JAX share the tests in `SHARED_FOLDERS`. With `--quick` each contract runs with
    one case of each class. On inference-only backends, tests that train are skipped.
    """
    from tests.backend import BACKEND, TRAINS, runs_here

    order = {}
    for item in items:
        case = _case(item)
        if case:
            order.setdefault(case.id, len(order))
    items.sort(key=lambda item: order[_case(item).id] if _case(item) else -1)
    items[:] = [
        item
        for item in items
        if item.path.parent.name not in SHARED_FOLDERS or runs_here(item.name)
    ]
    if config.getoption("quick"):
        chosen = {}
        for item in items:
            if case := _case(item):
                chosen.setdefault((item.function, case.subject), case)
        items[:] = [
            item
            for item in items
            if not (case := _case(item)) or chosen[item.function, case.subject] is case
        ]
    if TRAINS:
        return
    skip = pytest.mark.skip(reason=f"{BACKEND} does not train")
    for item in items:
        if item.get_closest_marker("training"):
            item.add_marker(skip)


def pytest_collection_finish():
    """Excludes what imports have made from garbage collections, which then take a tenth."""
    collect()
    freeze()


def _case(item):
    """Returns the registry case that a test is parametrized with, or `None`."""
    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    return case if hasattr(case, "subject") else None


@pytest.fixture(autouse=True)
def seeded():
    """The same random numbers for every test, whatever ran before it."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def counted():
    """Counter of the tests of a process."""
    return itertools.count(1)


@pytest.fixture(autouse=True)
def compiled_is_forgotten(counted):
    """Collects garbage every 50 tests, and clears the compilation cache of JAX.

    JAX never frees compiled programs. The cache is cleared before the process exceeds the number of
    memory maps that Linux allows, which crashes JAX, or several gigabytes. A test takes about 50
    maps.
    """
    yield
    if next(counted) % 50:
        return
    collect()
    if os.environ["KERAS_BACKEND"] == "jax" and MAPS.exists():
        import jax

        if MAPS.read_bytes().count(b"\n") > 15_000:
            jax.clear_caches()


@pytest.fixture
def generator():
    """A NumPy random generator."""
    import numpy as np

    return np.random.default_rng(0)


def _folder(variable):
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{variable} names no folder")
    return Path(folder)


@pytest.fixture
def data_folder():
    """The folder of real data that `KERAS_ATTN_DATA` names."""
    return _folder("KERAS_ATTN_DATA")


@pytest.fixture
def tfds_folder():
    """The folder of prepared tensorflow-datasets that `TFDS_DATA_DIR` names."""
    return _folder("TFDS_DATA_DIR")
