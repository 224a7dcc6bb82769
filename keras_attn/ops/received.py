"""What a refusal says of the tensors that came."""


def received(**tensors):
    """`"Received: query.shape=(2, 3), ..."`, the end of an error message."""
    shapes = [f"{name}.shape={tuple(tensor.shape)}" for name, tensor in tensors.items()]
    return f"Received: {', '.join(shapes)}"
