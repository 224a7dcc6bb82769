"""The check that the tensors of a function fit each other."""

import keras
from keras import ops

from keras_attn.ops.known import differ, shapes_match
from keras_attn.ops.precision import promote
from keras_attn.ops.received import received


def with_axes(axes, **tensors):
    """Converts arguments to tensors of one dtype that agree in the sizes of their axes.

    Args:
        axes: by name of an argument, the names of its axes, separated by blanks.
        **tensors: the arguments.

    Returns:
        List of the arguments as tensors of floats, in the dtype to which theirs promote.

    Raises:
        ValueError: for the first that has other axes, or of another size than those before.
    """
    tensors = {name: floating(tensor) for name, tensor in tensors.items()}
    sizes = {}
    for name, tensor in tensors.items():
        names = axes[name].split()
        shape = tuple(tensor.shape)
        fits = len(shape) == len(names) and all(
            not differ(size, sizes.setdefault(axis, size))
            for axis, size in zip(names, shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"`{name}` must be of shape ({', '.join(names)}). {received(**tensors)}"
            )
    return promote(*tensors.values())


def check_query_mask(query_mask, weights):
    """Raises `ValueError` unless a mask is of the shape `(batch, queries)` of attention weights."""
    if not shapes_match(query_mask.shape, weights.shape[:2]):
        raise ValueError(
            "`query_mask` must be of shape (batch, queries). "
            f"{received(query_mask=query_mask, weights=weights)}"
        )


def floating(tensor):
    """A tensor of floats, of integers and booleans too."""
    tensor = ops.convert_to_tensor(tensor)
    is_float = "float" in keras.backend.standardize_dtype(tensor.dtype)
    return tensor if is_float else ops.cast(tensor, keras.config.floatx())
