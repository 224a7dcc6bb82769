"""Dtypes to which others promote, and operations that keep float64."""

import keras
import numpy as np
import pytest

from keras_attn.ops import precision
from tests.backend import to_numpy
from tests.ops.functions import double_precision

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("float16", "float32"), "float32"),
        (("float16", "float16"), "float16"),
        (("bfloat16", "float16"), "float32"),
        (("float64", "float16"), "float64"),
        (("float32", "float64", "int32"), "float64"),
        (("int32", "float16"), "float16"),
    ],
)
def test_promoted_dtypes(dtypes, expected):
    assert precision.promote_dtypes(*dtypes) == expected


def test_promoted_tensors():
    with double_precision():
        for dtypes, expected in (
            (("float16", "float32"), "float32"),
            (("float32", "float64", "float16"), "float64"),
            (("float16", "float16"), "float16"),
        ):
            tensors = [keras.ops.full((2,), n, dtype) for n, dtype in enumerate(dtypes)]
            found = precision.promote(*tensors)
            assert [keras.backend.standardize_dtype(each.dtype) for each in found] == [
                expected
            ] * len(dtypes)
            assert [to_numpy(each)[0] for each in found] == list(range(len(dtypes)))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("float16", "float32"), ("bfloat16", "float32"), ("int32", "float32"), ("bool", "float32"),
     ("float32", "float32"), ("float64", "float64")],
)  # fmt: skip
def test_tensors_as_float32_or_wider(dtype, expected):
    with double_precision():
        found = precision.as_float32(keras.ops.ones((2,), dtype))
        assert keras.backend.standardize_dtype(found.dtype) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("float32", "float32"), ("float64", "float64"), ("mixed_float16", "float32"),
     ("bfloat16", "float32"), (None, "float32")],
)  # fmt: skip
def test_policies_of_float32_or_wider(policy, expected):
    assert precision.float32_policy(policy) == expected


@pytest.mark.parametrize("name", ["float64", "mixed_bfloat16"])
def test_without_a_policy_that_of_keras_is_taken(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        assert precision.float32_policy(None) == ("float64" if name == "float64" else "float32")
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("floatx", "expected"),
    [("float16", "float32"), ("bfloat16", "float32"), ("float32", "float32"),
     ("float64", "float64")],
)  # fmt: skip
def test_scores_are_of_float32_or_wider(floatx, expected):
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        assert precision.scores_dtype() == expected
    finally:
        keras.config.set_floatx(before)


MATRIX = np.array([[0.1, -1.7, 2.3], [0.7, 1e-9, -0.4]])
# Arguments of each operation, among them numbers of Python, and the result of NumPy.
CALLS = {
    "clip": ((MATRIX, -0.5, 0.6), {}, np.clip(MATRIX, -0.5, 0.6)),
    "cos": ((MATRIX,), {}, np.cos(MATRIX)),
    "cumsum": ((MATRIX,), {"axis": 1}, np.cumsum(MATRIX, axis=1)),
    "floor": ((MATRIX,), {}, np.floor(MATRIX)),
    "matmul": ((MATRIX, MATRIX.T), {}, MATRIX @ MATRIX.T),
    "maximum": ((MATRIX, 0.1234567891), {}, np.maximum(MATRIX, 0.1234567891)),
    "minimum": ((0.1234567891, MATRIX), {}, np.minimum(MATRIX, 0.1234567891)),
    "sin": ((MATRIX,), {}, np.sin(MATRIX)),
    "tanh": ((MATRIX,), {}, np.tanh(MATRIX)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operations_keep_the_precision_of_their_tensors(name, dtype):
    arguments, options, expected = CALLS[name]
    with double_precision():
        arrays = [
            each.astype(dtype) if isinstance(each, np.ndarray) else each for each in arguments
        ]
        tensors = [
            keras.ops.convert_to_tensor(each) if isinstance(each, np.ndarray) else each
            for each in arrays
        ]
        variables = [
            keras.Variable(each, dtype=dtype) if isinstance(each, np.ndarray) else each
            for each in arrays
        ]
        tolerance = {"float32": 1e-6, "float64": 1e-15}[dtype]
        for given in (tensors, variables):
            found = to_numpy(getattr(precision, name)(*given, **options))
            assert found.dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CALLS)
def test_operations_take_symbolic_tensors(name):
    arguments, options, expected = CALLS[name]
    symbols = [
        keras.KerasTensor(each.shape, "float64") if isinstance(each, np.ndarray) else each
        for each in arguments
    ]
    assert getattr(precision, name)(*symbols, **options).shape == expected.shape


def test_operations_of_two_dtypes_are_of_float64():
    with double_precision():
        one, other = (keras.ops.convert_to_tensor(MATRIX.astype(d)) for d in ("float32", "float64"))
        found = to_numpy(precision.maximum(one, other - 1.0))
        assert found.dtype == "float64"
