"""Checks of the shapes of labels, logits and sample weights."""

from keras import ops

from keras_attn.ops.known import shapes_match


def check_ignore_class(ignore_class):
    """Raises a `ValueError` unless the label of padding is an integer, or `None`."""
    if ignore_class is not None and not hasattr(ignore_class, "__index__"):
        raise ValueError(
            f"`ignore_class` must be an integer, or None. Received: ignore_class={ignore_class!r}"
        )


def check_tokens(labels, logits):
    """Raises a `ValueError` unless logits have the shape of labels and an axis more, of classes."""
    if (
        len(logits.shape) == 0
        or logits.shape[-1] == 0
        or not shapes_match(tuple(labels.shape), tuple(logits.shape)[:-1])
    ):
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
    if not shapes_match(tuple(given.shape), tuple(measured.shape)[: len(given.shape)]):
        raise ValueError(
            "`sample_weight` must have the first axes of what is measured. Received: "
            f"sample_weight.shape={tuple(given.shape)} for {tuple(measured.shape)}"
        )
    return ops.reshape(given, (*ops.shape(given), *(1,) * more))
