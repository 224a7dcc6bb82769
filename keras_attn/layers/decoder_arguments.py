"""Validates the arguments of `AttentionDecoder`."""

import keras

from keras_attn.layers.alignment_attention import AlignmentAttention
from keras_attn.layers.arguments import check_list_of_inputs
from keras_attn.layers.users_layers import is_recurrent_layer
from keras_attn.ops.checks import positive_integer
from keras_attn.ops.known import differ

ORDERS = ("before", "after")


def check_cells(cell):
    """The cells of a stack, a list, the first one first.

    Args:
        cell: a cell, a list of them, or a `keras.layers.StackedRNNCells`.

    Raises:
        ValueError: for no cell, or what is none.
    """
    cells = list(cell) if isinstance(cell, (list, tuple)) else [cell]
    if len(cells) == 1 and isinstance(cells[0], keras.layers.StackedRNNCells):
        cells = list(cells[0].cells)
    for layer in filter(is_recurrent_layer, cells):
        raise ValueError(
            "`cell` must be a recurrent cell, such as `keras.layers.LSTMCell(units)`, or a list of "
            f"cells. Received: cell={layer}, a recurrent layer"
        )
    if not cells or not all(hasattr(each, "state_size") for each in cells):
        raise ValueError(
            f"`cell` must be a recurrent cell, or a list of them. Received: cell={cell}"
        )
    return cells


def check_options(attention, attend, attentional_units, input_feeding, sample_fn):
    """Refuses what does not go together.

    Args:
        attention, attend, attentional_units, input_feeding, sample_fn: see `AttentionDecoder`.

    Returns:
        `attentional_units` as an integer, or None.

    Raises:
        ValueError: for what is no alignment layer, an unknown order, arguments of the other order,
            a feedback that cannot be called, or units that are no positive integer.
    """
    if not isinstance(attention, AlignmentAttention):
        raise ValueError(
            f"`attention` must be an alignment layer of keras_attn. Received: attention={attention}"
        )
    if attend not in ORDERS:
        raise ValueError(f"`attend` must be one of {ORDERS}. Received: attend={attend!r}")
    for name, value in (
        ("attentional_units", attentional_units),
        ("input_feeding", input_feeding),
    ):
        if value and attend == "before":
            raise ValueError(
                f'`{name}` belongs to attend="after". Received: {name}={value!r}, attend={attend!r}'
            )
    if not (sample_fn is None or callable(sample_fn)):
        raise ValueError(
            f"`sample_fn` must be a layer or a function. Received: sample_fn={sample_fn!r}"
        )
    if attentional_units is None:
        return None
    return positive_integer("attentional_units", attentional_units)


def check_shapes(shapes):
    """The shapes of inputs and memory, refused where they do not fit each other.

    Args:
        shapes: a list of the two.

    Returns:
        Two tuples, `(batch, steps, features)` and `(batch, values, width)`.

    Raises:
        ValueError: for other than two, ranks other than 3, or batches that differ.
    """
    check_list_of_inputs(shapes, "[inputs, memory]", (2,))
    inputs, memory = map(tuple, shapes)
    misfit = differ(inputs[0], memory[0])
    if len(inputs) != 3 or len(memory) != 3 or misfit or 0 in (inputs[-1], memory[-1]):
        raise ValueError(
            "`inputs` and memory must be of rank 3, (batch, steps, width), of one batch and of a "
            "positive width. "
            f"Received: inputs of shape {inputs}, memory of shape {memory}"
        )
    return inputs, memory
