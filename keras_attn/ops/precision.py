"""Dtypes: float32 or wider, and operations of Keras that keep float64.

On JAX and PyTorch `keras.backend.result_type("float64", ...)` is float32, and some of
`keras.ops` follow it. The functions here take the place of those that the package needs.
"""

import keras
from keras import ops

from keras_attn.ops import kernels


def promote_dtypes(*dtypes):
    """Name of the dtype of a result, as `keras.backend.result_type`, which loses float64."""
    dtypes = [keras.backend.standardize_dtype(dtype) for dtype in dtypes]
    return "float64" if "float64" in dtypes else keras.backend.result_type(*dtypes)


def as_float32(tensor):
    """The tensor in float32, or in float64 where it is that."""
    tensor = ops.convert_to_tensor(tensor)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return tensor if dtype in ("float32", "float64") else ops.cast(tensor, "float32")


def float32_policy(dtype):
    """`"float32"`, or `"float64"` for a dtype policy that computes in it.

    Args:
        dtype: Argument of a layer: a dtype policy or its name, None for the global one.
    """
    return promote_dtypes(keras.dtype_policies.get(dtype).compute_dtype, "float32")


def scores_dtype():
    """Dtype of the scores of searches: float32, or float64 where `floatx` is that."""
    return promote_dtypes(keras.config.floatx(), "float32")


def _keeping_float64(name):
    """`keras.ops.<name>`, in float64 where one of its tensors is that."""
    plain = getattr(ops, name)

    def function(*tensors, **options):
        native = kernels.load("float64")
        if native and any(_is_double(tensor) for tensor in tensors):
            # Of variables their values.
            tensors = [ops.convert_to_tensor(x) if hasattr(x, "dtype") else x for x in tensors]
            return native(name, *tensors, **options)
        return plain(*tensors, **options)

    function.__name__ = name
    function.__doc__ = f"Equals `keras.ops.{name}`, and keeps float64."
    return function


def _is_double(tensor):
    # Neither Python's numbers nor symbolic tensors, of which no kernel knows.
    dtype = getattr(tensor, "dtype", None)
    return (
        dtype is not None
        and not keras.utils.is_keras_tensor(tensor)
        and keras.backend.standardize_dtype(dtype) == "float64"
    )


cos, cumsum, floor, matmul, maximum, minimum, sin, tanh = map(
    _keeping_float64,
    ("cos", "cumsum", "floor", "matmul", "maximum", "minimum", "sin", "tanh"),
)
