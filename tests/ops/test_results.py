"""Results of all ops: their dtypes, and their gradients in double precision."""

import keras
import numpy as np
import pytest

from keras_attn import ops
from tests.backend import BACKEND
from tests.fuzz.operations import ADAPTED, OPS
from tests.ops.functions import double_precision, numpy_call, pull_back

# On NumPy and OpenVINO the operations of Keras return float32.
pytestmark = pytest.mark.training

# Ops that compute in float32, and return float32, for tensors of half precision.
SINGLE = {
    *("coverage_loss", "doubly_stochastic_loss", "semantic_sparsity_loss", "reinforce_loss"),
    *("gaussian_kl_divergence", "gaussian_log_probability", "bernoulli_log_probability"),
    *("gaussian_window", "gaussian_filters", "monotonic_weights", "transformation_matrix"),
    *("affine_grid", "projective_grid", "flow_grid", "thin_plate_spline_grid"),
    *("compose_transformations", "invert_transformations"),
}
# Ops whose gradient is, as documented, another than that of their values.
OTHER_GRADIENTS = {"clip_gradients", "reinforce_loss"}
OF_TENSORS = [name for name, op in OPS.items() if op.tensors]


def made(name, dtype, choice=0):
    """Returns an op as a function of tensors, and its arrays by name; each axis has its own size.

    Args:
        name: String, name of the op.
        dtype: String, of the float arrays.
        choice: Integer, index of the value of each option; the last value if there are fewer.
    """
    op, function = OPS[name], ADAPTED.get(name) or getattr(ops, name)
    sizes = {axis: size for size, axis in enumerate(op.axes(), start=2)} | {"reach": 1}
    arrays = op.arrays(sizes, ("mask", "query_mask"))
    if name == "projective_grid":  # in front of the camera
        arrays["theta"] = np.eye(3, dtype="float32") + 0.2 * arrays["theta"]
    arrays = {
        key: array.astype(dtype) if array.dtype == "float32" else array
        for key, array in arrays.items()
    }
    options = chosen(op, choice)
    return lambda tensors: keras.tree.flatten(function(**tensors, **options)), arrays


def chosen(op, choice):
    return {name: values[min(choice, len(values) - 1)] for name, values in op.options.items()}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", OF_TENSORS)
def test_results_have_the_dtype_of_the_tensors_or_float32(name, dtype):
    with double_precision():
        function, arrays = made(name, dtype)
        outputs = function({key: keras.ops.convert_to_tensor(a) for key, a in arrays.items()})
        expected = "float32" if dtype == "float16" and name in SINGLE else dtype
        assert {keras.backend.standardize_dtype(each.dtype) for each in outputs} == {expected}


CHOICES = [
    (name, choice)
    for name in OF_TENSORS
    for choice in range(max([1, *map(len, OPS[name].options.values())]))
    if OPS[name].is_possible(chosen(OPS[name], choice))
]


@pytest.mark.parametrize(
    ("name", "choice"), [each for each in CHOICES if each[0] not in OTHER_GRADIENTS]
)
def test_gradients_are_those_of_differences_in_double_precision(generator, name, choice):
    function, arrays = made(name, "float64", choice)
    floats = [key for key, array in arrays.items() if array.dtype == "float64"]
    fixed = {key: array for key, array in arrays.items() if key not in floats}

    def joined(*tensors):
        """The results as one vector, which depends on all tensors, if only by a factor of 0."""
        outputs = function({**dict(zip(floats, tensors, strict=True)), **fixed})
        parts = [*outputs, *(0.0 * each for each in tensors)]
        return keras.ops.concatenate([keras.ops.reshape(each, (-1,)) for each in parts])

    values = [arrays[key] for key in floats]
    directions = [generator.normal(size=value.shape) for value in values]
    with double_precision():
        size = numpy_call(joined, *values).shape
        cotangent = generator.normal(size=size)
        found, gradients = pull_back(joined, values, cotangent)
        assert found.dtype == "float64"
        before, after = (
            numpy_call(joined, *[v + step * d for v, d in zip(values, directions, strict=True)])
            for step in (-1e-6, 1e-6)
        )
    slope = sum(np.sum(g * d) for g, d in zip(gradients, directions, strict=True))
    expected = np.sum((after - before) * cotangent) / 2e-6
    np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("name", "choice"), CHOICES)
def test_any_of_the_tensors_may_be_symbolic(name, choice):
    function, arrays = made(name, "float32", choice)
    expected = [(tuple(output.shape), "float32") for output in function(arrays)]
    # A JAX array does not take a symbolic tensor as the right operand: here all are symbolic.
    some = [] if BACKEND == "jax" else [[key] for key in arrays]
    for symbols in [*some, list(arrays)]:
        tensors = {
            key: keras.KerasTensor(array.shape, array.dtype.name)
            if key in symbols
            else keras.ops.convert_to_tensor(array)
            for key, array in arrays.items()
        }
        outputs = function(tensors)
        found = [
            (tuple(output.shape), keras.backend.standardize_dtype(output.dtype))
            for output in outputs
        ]
        assert found == expected
