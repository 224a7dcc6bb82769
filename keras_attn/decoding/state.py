"""The state that a step function carries: nested structures whose first axis is the batch."""

import keras
from keras import ops

from keras_attn.ops.known import differ
from keras_attn.ops.received import received


def check_state(state, constants=None):
    """Refuses a state that is not of tensors of one batch, and constants of another batch.

    Args:
        state: a nested structure, of what the user has given.
        constants: a nested structure of tensors and `None`, or `None`.

    Raises:
        ValueError: for what is no tensor, no tensor at all, or batches that differ.
    """
    leaves = keras.tree.flatten(state)
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in leaves]
    if not shapes or () in shapes or differ(*(shape[0] for shape in shapes)):
        raise ValueError(
            "`state` must hold tensors whose first axis is the batch, at least one. "
            f"Received: tensors of the shapes {shapes}"
        )
    batch = shapes[0][0]
    leaves = [leaf for leaf in keras.tree.flatten(constants) if leaf is not None]
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in leaves]
    if any(not shape or differ(shape[0], batch) for shape in shapes):
        raise ValueError(
            f"`constants` must hold tensors whose first axis is the batch of `state`, {batch}. "
            f"Received: tensors of the shapes {shapes}"
        )


def check_logits(logits):
    """Raises `ValueError` unless a step function has returned logits of rank 2."""
    if len(logits.shape) != 2:
        raise ValueError(
            f"`step` must return logits of shape (rows, vocabulary). {received(logits=logits)}"
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
        lambda leaf: None if leaf is None else _repeated(ops.convert_to_tensor(leaf), count),
        structure,
    )


def _repeated(tensor, count):
    batch, *sizes = ops.shape(tensor)
    return ops.reshape(copied(tensor, count, axis=1), (batch * count, *sizes))


def copied(tensor, count, axis):
    """Repeats a tensor along a new axis.

    Unlike `keras.ops.repeat`, this function keeps the static shape on TensorFlow.

    Args:
        tensor: Tensor of any shape.
        count: Positive integer, number of copies.
        axis: Non-negative integer, position of the new axis.

    Returns:
        Tensor of the shape of `tensor` with a new axis of size `count`.
    """
    shape = list(ops.shape(tensor))
    shape.insert(axis, count)
    return ops.broadcast_to(ops.expand_dims(tensor, axis), shape)
