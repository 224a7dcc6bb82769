"""The dense layers of which the autoencoders are made."""

import keras

from keras_attn.ops.checks import positive_integer


def check_shape(shape):
    """The shape of an example as a tuple; ValueError unless all are positive integers."""
    if not isinstance(shape, (tuple, list)) or not shape:
        raise ValueError(
            "`example_shape` must be a tuple of sizes, such as (28, 28, 1). Received: "
            f"example_shape={shape!r}"
        )
    return tuple(positive_integer("example_shape", size) for size in shape)


def check_units(units):
    """The widths of layers as a tuple.

    Args:
        units: an integer, or several.

    Raises:
        ValueError: for none, or what is no positive integer.
    """
    units = list(units) if isinstance(units, (tuple, list)) else [units]
    if not units:
        raise ValueError(f"`units` must hold a width at least. Received: units={units}")
    return tuple(positive_integer("units", width) for width in units)


def dense_stack(units, activations, dtype, name):
    """Dense layers one after the other.

    Args:
        units, activations: of each.
        dtype: dtype policy.
        name: what their names begin with.

    Returns:
        A list of layers, which are numbered from 1.
    """
    layers = []
    for number, (width, activation) in enumerate(zip(units, activations, strict=True), 1):
        layers.append(keras.layers.Dense(width, activation, dtype=dtype, name=f"{name}_{number}"))
    return layers


def through(layers, x):
    """Applies layers to `x`, one after the other."""
    for layer in layers:
        x = layer(x)
    return x
