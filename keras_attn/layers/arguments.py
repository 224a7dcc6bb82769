"""Checks of arguments that several layers make."""


def positive_integer(name, value):
    """`value` as an `int`, refused unless it is a positive integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)


def check_axes(name, shape, axes):
    """Raises `ValueError` for a tensor of another rank.

    Args:
        name: Name of the argument, for the error message.
        shape: Shape of the tensor.
        axes: Names of its axes, separated by commas.
    """
    if len(shape) != len(axes.split(",")):
        raise ValueError(
            f"`{name}` must be of shape ({axes}). Received: {name} of shape {tuple(shape)}"
        )
