"""Recurrent cells of Keras, one on the other, as a loop of one's own needs them."""

import contextlib

import keras
from keras import ops


def state_sizes(cells):
    """The widths of the states of each cell."""
    return [keras.tree.flatten(cell.state_size) for cell in cells]


def advance(cells, inputs, states, training):
    """The output of the last cell, and the next states of all in a row; their dtypes stay."""
    output, after = inputs, []
    for cell, state in zip(cells, states, strict=True):
        output, found = cell(output, state, training=training)
        pairs = zip(keras.tree.flatten(found), state, strict=True)
        after += [ops.cast(new, old.dtype) for new, old in pairs]
    return output, after


@contextlib.contextmanager
def dropout_masks(cells, width, batch_size, training):
    """Makes the dropout masks of the cells, and forgets them afterwards.

    Cells make them at their first step and keep them, and a loop cannot keep what it makes.

    Args:
        cells: the cells.
        width: of the inputs of the first one.
        batch_size: an integer or a scalar tensor.
        training: whether there are any.
    """
    dropping = [hasattr(cell, "get_dropout_mask") for cell in cells]
    widths = [width, *[sizes[0] for sizes in state_sizes(cells)]]
    if training:
        for cell, drops, each, units in zip(cells, dropping, widths, widths[1:], strict=False):
            if drops:
                cell.get_dropout_mask(ops.zeros((batch_size, each), cell.compute_dtype))
                cell.get_recurrent_dropout_mask(ops.zeros((batch_size, units), cell.compute_dtype))
    try:
        yield
    finally:
        for cell, drops in zip(cells, dropping, strict=True):
            if drops:
                cell.reset_dropout_mask()
                cell.reset_recurrent_dropout_mask()
