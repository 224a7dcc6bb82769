"""The check that the tensors of a function fit each other."""

from keras import ops

from keras_attn.ops.received import received


def with_axes(axes, **tensors):
    """Tensors that agree in the sizes of their axes.

    Args:
        axes: by name of an argument, the names of its axes, separated by blanks.
        **tensors: the arguments.

    Returns:
        The arguments as tensors, a list.

    Raises:
        ValueError: for the first that has other axes, or of another size than those before.
    """
    tensors = {name: ops.convert_to_tensor(tensor) for name, tensor in tensors.items()}
    sizes = {}
    for name, tensor in tensors.items():
        names = axes[name].split()
        shape = tuple(tensor.shape)
        fits = len(shape) == len(names) and all(
            None in (size, sizes.setdefault(axis, size)) or size == sizes[axis]
            for axis, size in zip(names, shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"`{name}` must be of shape ({', '.join(names)}). {received(**tensors)}"
            )
    return list(tensors.values())
