"""Recurrent cells of Keras, one on the other, as a loop of one's own needs them."""

import contextlib

import keras
from keras import ops

from keras_attn.layers.cell_step import cell_step


def state_sizes(cells):
    """The widths of the states of each cell."""
    return [keras.tree.flatten(cell.state_size) for cell in cells]


def advance(cells, inputs, states, training):
    """One step of all cells, each one's output the input of the next.

    Args:
        cells: the cells.
        inputs: of the first one, `(batch, width)`.
        states: a list of tensors for each cell.
        training: a boolean, or None.

    Returns:
        The output of the last cell, and the next states of all in a row, in the dtypes they had.
    """
    output, after = inputs, []
    for cell, state in zip(cells, states, strict=True):
        output, found = cell_step(cell, output, state, training)
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
    widths = [width, *[sizes[0] for sizes in state_sizes(cells)]]
    forget_dropout_masks(cells)
    if training:
        for cell, each, units in zip(cells, widths, widths[1:], strict=False):
            if hasattr(cell, "get_dropout_mask"):
                cell.get_dropout_mask(ops.zeros((batch_size, each), cell.compute_dtype))
                cell.get_recurrent_dropout_mask(ops.zeros((batch_size, units), cell.compute_dtype))
    try:
        yield
    finally:
        forget_dropout_masks(cells)


def forget_dropout_masks(cells):
    """The next step draws new ones."""
    for cell in cells:
        if hasattr(cell, "reset_dropout_mask"):
            cell.reset_dropout_mask()
            cell.reset_recurrent_dropout_mask()


def initial_states(cells, batch_size, dtype):
    """The first state of each cell; zeros where a cell does not say.

    Args:
        cells: the cells.
        batch_size: an integer or a scalar tensor.
        dtype: of these zeros.

    Returns:
        A list, for each cell what it takes as its states.
    """
    return [
        cell.get_initial_state(batch_size=batch_size)
        if hasattr(cell, "get_initial_state")
        else [ops.zeros((batch_size, size), dtype) for size in keras.tree.flatten(cell.state_size)]
        for cell in cells
    ]
