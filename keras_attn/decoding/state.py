"""The state that a step function carries: nested structures whose first axis is the batch."""

import keras
from keras import ops


def check_state(state):
    """Refuses a state that is not of tensors of one batch.

    Args:
        state: a nested structure, of what the user has given.

    Raises:
        ValueError: for what is no tensor, no tensor at all, or batches that differ.
    """
    leaves = keras.tree.flatten(state)
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in leaves]
    batches = {shape[0] for shape in shapes if shape and shape[0] is not None}
    if not shapes or () in shapes or len(batches) > 1:
        raise ValueError(
            "`state` must hold tensors whose first axis is the batch, at least one. "
            f"Received: tensors of the shapes {shapes}"
        )


def repeated(structure, count):
    """Each example several times, one after the other.

    Args:
        structure: tensors `(batch, ...)` and None in any nested structure, or None.
        count: how often.

    Returns:
        The same structure of tensors `(batch * count, ...)`; what is None stays None.
    """
    if structure is None:
        return None
    return keras.tree.map_structure(
        lambda leaf: (
            None if leaf is None else ops.repeat(ops.convert_to_tensor(leaf), count, axis=0)
        ),
        structure,
    )
