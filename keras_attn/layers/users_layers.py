"""Builds layers passed by the user through a symbolic call."""

import keras


def symbolic_output(name, layer, shape, *more):
    """Calls a layer on a symbolic tensor, which also builds the layer and its sublayers.

    Subclassed models often lack `compute_output_shape` and a `build` that builds their sublayers,
    but can always be called.

    Args:
        name: String, argument name used in the error message.
        layer: Keras layer.
        shape: Tuple, shape of the first input.
        *more: Further arguments of the call.

    Returns:
        Output of the layer, as symbolic tensors.

    Raises:
        ValueError: If the layer cannot be called on a tensor of this shape.
    """
    try:
        return layer(keras.KerasTensor(shape, dtype=layer.compute_dtype), *more)
    except Exception as error:
        raise ValueError(
            f"`{name}` must be a layer that can be called on inputs of shape {shape}; a layer "
            f"that depends on values needs `compute_output_shape`. Received: {name}={layer}, "
            f"which raised {type(error).__name__}: {error}"
        ) from error


def build_cell(name, cell, input_shape):
    """Builds a recurrent cell of the user, and checks the width of its output.

    Args:
        name: String, argument name used in the error message.
        cell: Recurrent cell.
        input_shape: Tuple, `(batch, features)`.

    Raises:
        ValueError: If the cell cannot be called, or its output and its first state differ in width.
    """

    def symbolic(size):
        if not isinstance(size, int):
            return [symbolic(each) for each in size]
        return keras.KerasTensor((input_shape[0], size), dtype=cell.compute_dtype)

    states = symbolic(cell.state_size)
    states = states if isinstance(states, list) else [states]
    output, after = symbolic_output(name, cell, tuple(input_shape), states)
    first = keras.tree.flatten(after)[0].shape[-1]
    if isinstance(cell, keras.layers.StackedRNNCells):
        first = keras.tree.flatten(cell.cells[-1].state_size)[0]
    if output.shape[-1] != first:
        raise ValueError(
            f"`{name}` must have outputs as wide as its first state. Received: {name}={cell}, with "
            f"outputs of width {output.shape[-1]} and a first state of width {first}"
        )


def is_recurrent_layer(layer):
    """True for a recurrent layer, such as `keras.layers.LSTM`, as opposed to its cell."""
    return isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))
