"""Checks of constructor arguments that several layers make."""


def positive_integer(name, value):
    """`value` as an `int`, refused unless it is a positive integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)
