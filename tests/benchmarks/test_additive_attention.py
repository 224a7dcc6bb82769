"""Both sides of the benchmark compute with a mask and in mixed precision."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, to_numpy

FOLDER = Path(__file__).parents[2] / "benchmarks"
SIZE = (3, 2, 6, 4)


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    place = importlib.util.spec_from_file_location("additive", FOLDER / "additive_attention.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


@pytest.mark.training
@pytest.mark.parametrize("name", ["ours", "keras.AdditiveAttention"])
def test_every_variant_runs(benchmark, name):
    assert benchmark.VARIANTS == ("masked", "mixed_bfloat16")
    for variant in ("", *benchmark.VARIANTS):
        passes = benchmark.make(BACKEND, name, SIZE, variant)
        passes["forward"]()
        passes["forward+backward"]()


def test_what_is_masked_is_not_seen(benchmark, generator):
    query, value = (generator.normal(size=(3, n, 4)).astype("float32") for n in (2, 6))
    other = value.copy()
    other[:, -1] += 1.0  # it is seen in the last example alone
    for name in benchmark.NAMES:
        layer = benchmark.layers()[name](4, "mixed_bfloat16", masked=True)
        one, two = (
            to_numpy(layer(*map(keras.ops.convert_to_tensor, (query, each))))
            for each in (value, other)
        )
        np.testing.assert_array_equal(one[0], two[0])
        assert not np.array_equal(one[-1], two[-1])
        assert layer.attention.compute_dtype == "bfloat16"
