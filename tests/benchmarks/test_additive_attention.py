"""Both layers of the benchmark compute the same, with a mask and in mixed precision."""

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
def test_every_variant_runs(benchmark, name, monkeypatch):
    made, layers = [], benchmark.layers

    def recording(units, dtype, masked):
        made.append((units, dtype, masked))
        return layers()[name](units, dtype, masked)

    monkeypatch.setattr(benchmark, "layers", lambda: {name: recording})
    for variant in ("", *benchmark.VARIANTS):
        passes = benchmark.make(BACKEND, name, SIZE, variant)
        passes["forward"]()
        passes["forward+backward"]()
    assert made == [(4, "float32", False), (4, "float32", True), (4, "mixed_bfloat16", False)]


@pytest.mark.parametrize("masked", [False, True])
def test_both_layers_compute_the_same(benchmark, generator, masked):
    query, value = (
        keras.ops.convert_to_tensor(generator.normal(size=(3, n, 4)).astype("float32"))
        for n in (2, 6)
    )
    ours, theirs = (cls(4, "float32", masked) for cls in benchmark.layers().values())
    for layer in (ours, theirs):
        layer(query, value)  # builds the layer
    for projection in ("query_projection", "key_projection"):
        kernel = getattr(ours.attention, projection).kernel
        getattr(theirs, projection).kernel.assign(to_numpy(kernel))
    theirs.attention.scale.assign(to_numpy(ours.attention.scale))
    found, expected = (to_numpy(layer(query, value)) for layer in (ours, theirs))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_masked_values_have_no_effect(benchmark, generator):
    query, value = (generator.normal(size=(3, n, 4)).astype("float32") for n in (2, 6))
    other = value.copy()
    other[:, -1] += 1.0  # not masked in the last example only
    for name in benchmark.NAMES:
        layer = benchmark.layers()[name](4, "mixed_bfloat16", masked=True)
        one, two = (
            to_numpy(layer(*map(keras.ops.convert_to_tensor, (query, each))))
            for each in (value, other)
        )
        np.testing.assert_array_equal(one[0], two[0])
        assert not np.array_equal(one[-1], two[-1])
        assert layer.attention.compute_dtype == "bfloat16"
