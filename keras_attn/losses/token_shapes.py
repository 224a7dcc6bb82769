"""Whether labels, logits and the weights of labels belong together."""

from keras import ops


def check_tokens(labels, logits):
    """Raises a `ValueError` unless logits have the shape of labels and an axis more, of classes."""
    if len(labels.shape) + 1 != len(logits.shape) or not _alike(labels, logits):
        raise ValueError(
            "`y_pred` must have the shape of `y_true` and an axis of logits more. "
            f"Received: y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(logits.shape)}"
        )


def spread(sample_weight, measured, dtype):
    """Weights of the first axes of what is measured, with as many axes as that.

    Args:
        sample_weight: weights, say `(batch,)` or `(batch, steps)`.
        measured: a tensor, say `(batch, steps)`.
        dtype: of what is returned.

    Returns:
        The weights, which broadcast to `measured`.

    Raises:
        ValueError: for weights of other axes.
    """
    given = ops.convert_to_tensor(sample_weight, dtype)
    more = len(measured.shape) - len(given.shape)
    if more < 0 or not _alike(given, measured):
        raise ValueError(
            "`sample_weight` must have the first axes of what is measured. Received: "
            f"sample_weight.shape={tuple(given.shape)} for {tuple(measured.shape)}"
        )
    return ops.reshape(given, (*ops.shape(given), *(1,) * more))


def _alike(tensor, other):
    """Whether the sizes of the axes that both have are the same, as far as they are known."""
    pairs = zip(tensor.shape, other.shape, strict=False)
    return all(None in pair or pair[0] == pair[1] for pair in pairs)
