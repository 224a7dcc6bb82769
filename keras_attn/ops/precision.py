"""Dtype promotion to float32 or wider, and Keras operations that keep float64.

On JAX and PyTorch `keras.backend.result_type("float64", ...)` is float32, and some functions of
`keras.ops` therefore compute float64 in float32. The functions below replace them.
"""

import keras
from keras import ops

from keras_attn.ops import kernels


def promote_dtypes(*dtypes):
    """Returns the result dtype as `keras.backend.result_type` does, but keeps float64."""
    dtypes = [keras.backend.standardize_dtype(dtype) for dtype in dtypes]
    return "float64" if "float64" in dtypes else keras.backend.result_type(*dtypes)


def promote(*tensors):
    """Casts tensors to the dtype to which theirs promote, which TensorFlow leaves to the caller."""
    dtypes = {keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors}
    if len(dtypes) < 2:
        return list(tensors)
    dtype = promote_dtypes(*dtypes)
    return [ops.cast(tensor, dtype) for tensor in tensors]


def as_float32(tensor):
    """Casts a tensor to float32; a float64 tensor is returned unchanged."""
    tensor = ops.convert_to_tensor(tensor)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return tensor if dtype in ("float32", "float64") else ops.cast(tensor, "float32")


def float32_policy(dtype):
    """Returns `"float64"` if the dtype policy computes in float64, else `"float32"`.

    Args:
        dtype: Dtype policy or its name, as passed to a layer; `None` for the global policy.
    """
    return promote_dtypes(keras.dtype_policies.get(dtype).compute_dtype, "float32")


def scores_dtype():
    """Returns the dtype of the scores of searches: float64 if `floatx` is float64, else float32."""
    return promote_dtypes(keras.config.floatx(), "float32")


def _preserve_float64(name):
    """Returns `keras.ops.<name>` in a version that computes in float64 if a tensor is float64."""
    plain = getattr(ops, name)

    def function(*tensors, **options):
        native = kernels.load("float64")
        if native and any(_is_double(tensor) for tensor in tensors):
            # Kernels take tensors, not variables.
            tensors = [ops.convert_to_tensor(x) if hasattr(x, "dtype") else x for x in tensors]
            return native(name, *tensors, **options)
        return plain(*tensors, **options)

    function.__name__ = name
    function.__doc__ = f"Equals `keras.ops.{name}`, and keeps float64."
    return function


def _is_double(tensor):
    # Python numbers have no dtype; kernels do not support symbolic tensors.
    dtype = getattr(tensor, "dtype", None)
    return (
        dtype is not None
        and not keras.utils.is_keras_tensor(tensor)
        and keras.backend.standardize_dtype(dtype) == "float64"
    )


clip, cos, cumsum, floor, matmul, maximum, mean, minimum, sin, tanh = map(
    _preserve_float64,
    ("clip", "cos", "cumsum", "floor", "matmul", "maximum", "mean", "minimum", "sin", "tanh"),
)
