"""Formats tensor shapes for error messages."""


def received(**tensors):
    """`"Received: query.shape=(2, 3), ..."`, the end of an error message."""
    shapes = [f"{name}.shape={tuple(tensor.shape)}" for name, tensor in tensors.items()]
    return f"Received: {', '.join(shapes)}"
