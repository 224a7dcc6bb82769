"""Layers that a user brings: a symbolic call tells what they return, and builds them."""

import keras


def symbolic_output(name, layer, shape, *more):
    """The symbolic output of a layer, which is built afterwards, with all that it holds.

    A model of one's own has no `compute_output_shape` as a rule, and no `build` that builds its
    layers; it can always be called.

    Args:
        name: String, the argument that the layer came as, for the error message.
        layer: A Keras layer.
        shape: Tuple, shape of its first input.
        *more: Further arguments of the call.

    Returns:
        What the layer returns, with symbolic tensors.

    Raises:
        ValueError: If the layer cannot be called on a tensor of this shape.
    """
    try:
        return layer(keras.KerasTensor(shape, dtype=layer.compute_dtype), *more)
    except Exception as error:
        raise ValueError(
            f"`{name}` must be a layer that can be called on inputs of shape {shape}; one that "
            f"depends on values needs a method `compute_output_shape`. Received: {name}={layer}, "
            f"which raised {type(error).__name__}: {error}"
        ) from error


def build_cell(name, cell, input_shape):
    """Builds a recurrent cell that a user brought, and checks that its output is a state of it.

    Args:
        name: String, the argument that the cell came as, for the error message.
        cell: A Keras cell.
        input_shape: `(batch, features)`.

    Raises:
        ValueError: If the cell cannot be called, or its output is not as wide as its first state.
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
    """True for a layer that goes over a sequence, `keras.layers.LSTM` and not its cell."""
    return isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))
