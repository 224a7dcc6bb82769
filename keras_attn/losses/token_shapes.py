"""Whether labels and logits belong together."""


def check_tokens(labels, logits):
    """Raises a `ValueError` unless logits have the shape of labels and an axis more, of classes."""
    fits = len(labels.shape) + 1 == len(logits.shape) and all(
        None in (size, other) or size == other
        for size, other in zip(labels.shape, logits.shape, strict=False)
    )
    if not fits:
        raise ValueError(
            "`y_pred` must have the shape of `y_true` and an axis of logits more. "
            f"Received: y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(logits.shape)}"
        )
