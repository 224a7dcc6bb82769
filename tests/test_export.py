"""`Model.export` with a dynamic batch, for other runtimes."""

import keras
import numpy as np
import pytest

from tests.backend import BACKEND, flat
from tests.conformance.registry import CASES

NAMES = [
    "BahdanauAttention",
    "AttentionDecoder-before",
    "SpatialTransformer",
    "GridSampler-antialias",
]
BY_ID = {case.id: case for case in CASES}
SELECTED = [BY_ID[name] for name in NAMES]


@pytest.mark.skipif(BACKEND not in ("tensorflow", "torch"), reason="JAX needs another package")
@pytest.mark.parametrize("case", SELECTED, ids=lambda case: case.id)
def test_onnx_outputs_equal_the_model(case, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx" if BACKEND == "tensorflow" else "onnxscript")
    model, arrays = case.model(), list(case.arrays().values())
    if BACKEND == "torch":  # unrolls loops: the length has to be fixed
        fixed = [keras.Input(array.shape[1:], dtype=str(array.dtype)) for array in arrays]
        model = keras.Model(fixed, model(fixed if len(fixed) > 1 else fixed[0]))
    expected = flat(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    path = str(tmp_path / "model.onnx")
    model.export(path, format="onnx", verbose=False)
    session = runtime.InferenceSession(path)
    given = {each.name: array for each, array in zip(session.get_inputs(), arrays, strict=True)}
    for output, wanted in zip(session.run(None, given), expected, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(BACKEND not in ("tensorflow", "jax"), reason="PyTorch needs another package")
@pytest.mark.parametrize("case", SELECTED, ids=lambda case: case.id)
def test_saved_model_outputs_equal_the_model(case, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    model, arrays = case.model(), list(case.arrays().values())
    expected = flat(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    model.export(str(tmp_path / "model"), format="tf_saved_model", verbose=False)
    loaded = tensorflow.saved_model.load(str(tmp_path / "model"))
    outputs = flat(loaded.serve(arrays))
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
